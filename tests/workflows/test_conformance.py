"""What MONAI's own tools ask of a bundle, and versions that agree wherever they stand."""

import json
import re
import socket
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.workflow_runs import EVALUATE, REPOSITORY, TINY, TRAIN
from monai.bundle import ConfigWorkflow, ckpt_export, verify_metadata, verify_net_in_out
from packaging.requirements import Requirement

import csfnet_bundle
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.serving.metadata import (
    MEASURE,
    MODEL,
    NODULES,
    eval_metrics,
    metadata_of,
    metadata_with_nodules,
)

Open = Callable[..., ConfigWorkflow]

FROM_CHECKPOINT = ("evaluate.json", "inference.json")
"""Configs whose network comes from a checkpoint."""
METADATA = str(REPOSITORY / "configs" / "metadata.json")
BESIDE = {"torch": "pytorch_version", "monai": "monai_version", "numpy": "numpy_version"}


def _configs(*names: str) -> list[str]:
    return [str(REPOSITORY / "configs" / name) for name in names]


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    return json.loads(Path(METADATA).read_text())


@pytest.fixture
def open_workflow(small_cohort: Path, roi_cache: Path, trained: Path, tmp_path: Path) -> Iterator[Open]:
    """Make workflows of configs, initialized, on the small cohort; a network of full width adds nothing here."""
    opened = []

    def make(files: list[str], kind: str, **override: Any) -> ConfigWorkflow:
        folders = {"dataset_dir": small_cohort, "cache_dir": roi_cache, "training_dir": trained, "output_dir": tmp_path}
        settings = {name: str(folder) for name, folder in folders.items()} | {"bundle_root": str(REPOSITORY)}
        narrow = (
            {"network_arguments#widths": TINY["network_arguments#widths"]} if files[-1] not in FROM_CHECKPOINT else {}
        )
        workflow = ConfigWorkflow(
            _configs(*files), workflow_type=kind, logging_file=False, **{**settings, **narrow, **override}
        )
        workflow.initialize()
        opened.append(workflow)
        return workflow

    yield make
    for workflow in opened:
        workflow.finalize()


@pytest.mark.parametrize(
    ("files", "kind"),
    [(["train.json"], "train"), (EVALUATE, "train"), (TRAIN, "train"), (["inference.json"], "infer")],
)
def test_every_property_is_there(files: list[str], kind: str, open_workflow: Open) -> None:
    assert open_workflow(files, kind).check_properties() == []


def test_every_property_is_there_under_torchrun(open_workflow: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    rendezvous = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    for name, value in {**rendezvous, "WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    workflow = open_workflow(["train.json", "multi_gpu_train.json"], "train", backend="gloo")
    assert workflow.check_properties() == []


@pytest.mark.filterwarnings("ignore:No hash value provided:UserWarning")  # the file lies here; nothing is downloaded
def test_the_metadata_follow_the_schema(shared_data: Path) -> None:
    schema = shared_data / "monai" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip(f"the schema {schema} is not on this machine")
    verify_metadata(meta_file=METADATA, filepath=str(schema))


@pytest.mark.parametrize("files", [["train.json"], TRAIN, ["inference.json"]])
def test_the_network_takes_and_gives_what_the_metadata_say(files: list[str]) -> None:
    verify_net_in_out(
        net_id="network_def",
        meta_file=METADATA,
        config_file=_configs(*files),
        device="cpu",
        bundle_root=str(REPOSITORY),
        training_dir=str(REPOSITORY / "models"),
    )


def test_the_model_can_be_exported(tmp_path: Path) -> None:
    """As TorchScript, with the same answer as the network that it was made from."""
    model = REPOSITORY / "models" / "model.pt"
    ckpt_export(
        net_id="network_def",
        filepath=str(tmp_path / "model.ts"),
        ckpt_file=str(model),
        meta_file=METADATA,
        config_file=_configs("inference.json"),
        bundle_root=str(REPOSITORY),
        training_dir=str(REPOSITORY / "models"),
    )
    checkpoint = load_checkpoint(model)
    image = torch.rand(1, 2, *checkpoint.roi.size)
    with torch.no_grad():
        expected = checkpoint.create_network().eval()(image)
        torch.testing.assert_close(torch.jit.load(tmp_path / "model.ts").eval()(image), expected)


def test_the_shipped_model_is_small_and_says_what_it_is() -> None:
    model = REPOSITORY / "models" / "model.pt"
    assert model.stat().st_size < 5_000_000
    assert load_checkpoint(model).provenance["phantom"] is True


def test_the_metadata_are_those_of_the_shipped_model(metadata: dict[str, Any]) -> None:
    result = json.loads((REPOSITORY / "docs" / "results" / "phantom_cpu.json").read_text())
    checkpoint = load_checkpoint(REPOSITORY / "models" / "model.pt")
    content = Path(METADATA).read_bytes()
    assert metadata_of(content, checkpoint, eval_metrics(result)) == content
    assert result["roi"] == checkpoint.roi.to_plain()
    assert set(metadata["network_data_format"]["inputs"]) == {"image", "clinical", "interval_days"}
    assert metadata_of(content, checkpoint) != content  # other weights have no metrics yet
    assert json.loads(metadata_of(content, checkpoint))["eval_metrics"] == {}


def test_the_metadata_tell_what_each_file_of_weights_was_trained_on(metadata: dict[str, Any]) -> None:
    content, told = Path(METADATA).read_bytes(), metadata["weights"]
    assert set(told) == {MODEL, NODULES, MEASURE}
    for name in (MODEL, NODULES):
        checkpoint = load_checkpoint(REPOSITORY / name)
        assert told[name] == {"trained_on": checkpoint.trained_on, "roi": list(checkpoint.roi.size)}
    nodules = load_checkpoint(REPOSITORY / NODULES)
    assert metadata_with_nodules(content, nodules) == content
    assert "x".join(map(str, nodules.roi.size)) in metadata["description"]
    measure = json.loads((REPOSITORY / MEASURE).with_suffix(".json").read_text())
    assert f"Trained on {told[MEASURE]['trained_on'].split(',')[0]}" in measure["attribution"]
    assert ("drawn nodules" in told[MEASURE]["trained_on"]) == bool(measure["provenance"]["drawn_nodules"])
    for part in ("description", "data_source", "intended_use"):
        assert all(name in metadata[part] for name in told), part
    for source in (measure, nodules.provenance):
        (address,) = set(re.findall(r"https://doi\.org/[\w./-]*\w", source["attribution"]))
        assert f"CC BY 3.0, {address}" in metadata["data_source"]
    shipped = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "models").rglob("*.[pt][ts]")}
    assert shipped == set(told)
    everything = " ".join(metadata[part] for part in ("description", "data_source", "intended_use"))
    assert "none was trained on patients' follow-up" in everything
    assert "never judged on patients' follow-up" in everything


def test_one_version_everywhere(metadata: dict[str, Any]) -> None:
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    newest = re.findall(r"^## (\d+\.\d+\.\d+)\b", changes, flags=re.MULTILINE)[0]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert csfnet_bundle.__version__ == metadata["version"] == newest == next(iter(metadata["changelog"]))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "csfnet_bundle.__version__"
    assert version("csfnet-bundle") == newest


def _requirements() -> dict[str, Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return {found.name: found for found in map(Requirement, project["dependencies"])}


def _stated(metadata: dict[str, Any]) -> dict[str, str]:
    """Versions of the metadata by the names that pip knows."""
    return {**metadata["required_packages_version"], **{name: metadata[key] for name, key in BESIDE.items()}}


def test_the_metadata_name_every_dependency(metadata: dict[str, Any]) -> None:
    assert _stated(metadata).keys() == _requirements().keys()


@pytest.mark.parametrize("name", sorted(_requirements()))
def test_the_metadatas_versions_are_those_of_the_project(name: str, metadata: dict[str, Any]) -> None:
    """The stated version is allowed by pyproject.toml, and what is installed here is allowed too."""
    specifier = _requirements()[name].specifier
    assert _stated(metadata)[name] in specifier
    assert specifier.contains(version(name).split("+")[0])
