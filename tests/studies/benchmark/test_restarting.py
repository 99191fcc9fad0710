"""What a restart may not change, by content and not by name."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.benchmark import restarting
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.restarting import PROTOCOL_NAME, keep_protocol


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"folds": 3}, r"folds \(2 -> 3\)"),
        ({"overrides": {"batch_size": 2}}, "overrides; the config of t1_image"),
        ({"without_reads": True}, "without_reads"),
        ({"config_files": ()}, "the config of csfnet"),
    ],
)
def test_what_every_fit_depends_on_cannot_change(
    protocol: Protocol, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    mine = replace(protocol, out=tmp_path)
    keep_protocol(mine)
    before = (tmp_path / PROTOCOL_NAME).read_bytes()
    with pytest.raises(BundleError, match=named):
        keep_protocol(replace(mine, **change))  # type: ignore[arg-type]
    assert (tmp_path / PROTOCOL_NAME).read_bytes() == before


def test_a_config_counts_by_its_content(protocol: Protocol, tmp_path: Path) -> None:
    """Two learning rates under one file name were averaged as two seeds; one content under two names is the same."""
    own, renamed = tmp_path / "own.json", tmp_path / "renamed.json"
    own.write_text(json.dumps({"optimizer#lr": 0.003}))
    renamed.write_bytes(own.read_bytes())
    mine = replace(protocol, out=tmp_path, config_files=(*protocol.config_files, str(own)))
    keep_protocol(mine)
    keep_protocol(replace(mine, config_files=(*protocol.config_files, str(renamed))))
    own.write_text(json.dumps({"optimizer#lr": 0.05}))
    with pytest.raises(BundleError, match=r"the config of t1_image.*the config of csfnet"):
        keep_protocol(mine)


def test_the_base_config_counts_too(protocol: Protocol, tmp_path: Path) -> None:
    configs = tmp_path / "bundle" / "configs"
    configs.mkdir(parents=True)
    for name in ("inference.json", "preprocessing.json", "train.json"):
        (configs / name).write_bytes((protocol.bundle_root / "configs" / name).read_bytes())
    mine = replace(protocol, out=tmp_path, bundle_root=tmp_path / "bundle")
    keep_protocol(mine)
    for name, change in (("train.json", {"val_interval": 2}), ("preprocessing.json", {"follow_links": True})):
        before = (configs / name).read_text()
        (configs / name).write_text(json.dumps({**json.loads(before), **change}))
        with pytest.raises(BundleError, match="the config of csfnet"):
            keep_protocol(mine)
        (configs / name).write_text(before)
    keep_protocol(mine)


def test_other_weights_under_the_same_name_are_rejected(protocol: Protocol, tmp_path: Path) -> None:
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"one pre-training")
    mine = replace(protocol, out=tmp_path, systems=("csfnet", "medst_probe"), pretrained=weights)
    keep_protocol(mine)
    weights.write_bytes(b"another")
    with pytest.raises(BundleError, match="the initial weights of medst_probe"):
        keep_protocol(mine)
    keep_protocol(replace(mine, systems=("csfnet",), pretrained=None))


@pytest.mark.parametrize("by_option", [False, True])
def test_other_weights_under_the_name_in_a_config_are_rejected(
    protocol: Protocol, tmp_path: Path, *, by_option: bool
) -> None:
    """As configs/phantom_start.json names them, by an expression; or an option does."""
    start, config = tmp_path / "start.pt", tmp_path / "start.json"
    config.write_text(json.dumps({"initial_weights": f"$'{tmp_path}' + '/start.pt'"}))
    files = protocol.config_files if by_option else (*protocol.config_files, str(config))
    overrides = {**protocol.overrides, **({"initial_weights": str(start)} if by_option else {})}
    mine = replace(protocol, out=tmp_path, config_files=files, overrides=overrides)
    with pytest.raises(BundleError, match=f"initial_weights of t1_image: there is no file {start}"):
        keep_protocol(mine)
    start.write_bytes(b"one training")
    keep_protocol(mine)
    keep_protocol(mine)
    start.write_bytes(b"another")
    with pytest.raises(BundleError, match="the initial weights of t1_image; the initial weights of csfnet"):
        keep_protocol(mine)


def test_a_benchmark_that_starts_from_no_weights_is_written_as_before(protocol: Protocol, tmp_path: Path) -> None:
    """Benchmarks take weeks: what one of before has written stays valid, byte for byte."""
    mine = replace(protocol, out=tmp_path, systems=("csfnet", "csfnet_medst_scratch"))
    keep_protocol(mine)
    before = (tmp_path / PROTOCOL_NAME).read_bytes()
    assert [list(digests) for digests in json.loads(before)["systems"].values()] == [["config_sha256"]] * 2
    keep_protocol(mine)
    assert (tmp_path / PROTOCOL_NAME).read_bytes() == before


def test_another_version_is_rejected(protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = replace(protocol, out=tmp_path)
    keep_protocol(mine)
    monkeypatch.setattr(restarting, "__version__", "99.0")
    with pytest.raises(BundleError, match=r"bundle_version \(.* -> 99\.0\).*Name another --out"):
        keep_protocol(mine)


def test_systems_seeds_and_permutations_can_be_added(protocol: Protocol, tmp_path: Path) -> None:
    mine = replace(protocol, out=tmp_path)
    keep_protocol(mine)
    before = json.loads((tmp_path / PROTOCOL_NAME).read_text())
    keep_protocol(replace(mine, systems=("nas_lung",), seeds=9, permutations=5))
    now = json.loads((tmp_path / PROTOCOL_NAME).read_text())
    assert set(now["systems"]) == {*before["systems"], "nas_lung"}
    assert now["systems"]["csfnet"] == before["systems"]["csfnet"]
