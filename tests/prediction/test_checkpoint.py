import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, find_checkpoint, load_checkpoint, load_weights

HEAD_AND_TAIL = 4096
"""Bytes at each end of a checkpoint where its structure lies; between them are weights, of which any is as good."""


def _refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_what_is_saved_comes_back(checkpoint: ModelCheckpoint, checkpoint_file: Path) -> None:
    loaded = load_checkpoint(checkpoint_file)
    assert loaded.weights.keys() == checkpoint.weights.keys()
    for name, tensor in checkpoint.weights.items():
        torch.testing.assert_close(loaded.weights[name], tensor, rtol=0, atol=0)
    same = replace(loaded, weights=checkpoint.weights, source=checkpoint.source)
    assert same == checkpoint
    assert loaded.trained_on == "nothing"


def test_the_network_comes_back(network: CSFNet, checkpoint_file: Path) -> None:
    image, clinical = torch.rand(2, 2, 16, 32, 32), torch.zeros(2, 6, dtype=torch.int64)
    restored = load_checkpoint(checkpoint_file).create_network().eval()
    with torch.no_grad():
        torch.testing.assert_close(restored(image, clinical), network(image, clinical), rtol=0, atol=0)


def test_the_file_holds_nothing_but_tensors_and_plain_values(checkpoint_file: Path) -> None:
    document = torch.load(checkpoint_file, weights_only=True)
    assert document["format"] == "csfnet_bundle.model/1"
    assert document["roi"] == {"size": [16, 32, 32], "spacing": [1.0, 1.0, 1.25], "window": [-1000.0, 400.0]}
    assert document["decision"] == {"temperature": 1.5, "threshold": 0.4}


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(checkpoint: ModelCheckpoint, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "model.pt"
    checkpoint.save(path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="lambda"):
        replace(checkpoint, provenance={"odd": lambda: 0}).save(path)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["model.pt"]


def test_another_width_is_named_with_its_tensor_and_the_remedy(checkpoint_file: Path) -> None:
    wider = CSFNet(widths=[[4], [4], [16]])
    before = {name: tensor.clone() for name, tensor in wider.state_dict().items()}
    with pytest.raises(BundleError) as caught:
        load_weights(wider, load_checkpoint(checkpoint_file))
    message = str(caught.value)
    assert message.startswith(f"{checkpoint_file}: tensor encoder.")
    assert "another width" in message
    assert str([[4], [4], [8]]) in message
    assert "give the network the checkpoint's widths" in message
    assert "\n" not in message
    assert all(torch.equal(tensor, before[name]) for name, tensor in wider.state_dict().items())


def test_weights_of_another_network_are_refused(checkpoint: ModelCheckpoint, network: CSFNet) -> None:
    some = dict(list(checkpoint.weights.items())[1:])
    with pytest.raises(BundleError, match=rf"1 tensors missing, 0 unknown, first {next(iter(checkpoint.weights))}"):
        load_weights(network, replace(checkpoint, weights=some))
    with pytest.raises(BundleError, match="0 tensors missing, 1 unknown, first extra"):
        load_weights(network, replace(checkpoint, weights={**checkpoint.weights, "extra": torch.zeros(1)}))


@pytest.mark.parametrize(
    ("architecture", "word"),
    [
        ({"name": "LaterNet"}, "LaterNet"),
        ({}, "None"),
        ({"name": ["CSFNet"]}, "list"),
        ({"name": "CSFNet", "depth": 3}, "depth"),
        ({"name": "CSFNet", "widths": "wide"}, "wide"),
        ({"name": "CSFNet", "widths": [[4], [4], [-8]]}, "negative"),
        ({"name": "CSFNet", "cbam": "none"}, "cbam"),
    ],
)
def test_an_architecture_that_this_version_does_not_know(
    architecture: dict[str, Any], word: str, checkpoint: ModelCheckpoint
) -> None:
    with pytest.raises(BundleError, match=f"x.pt: no network can be made .*{word}"):
        replace(checkpoint, architecture=architecture, source="x.pt").create_network()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no checkpoint .*nothing\.pt.*Train one with"):
        load_checkpoint(tmp_path / "nothing.pt")


class _Harm:
    """What a hostile checkpoint holds: unpickled the ordinary way, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_hostile_file_does_nothing(checkpoint_file: Path, tmp_path: Path) -> None:
    path, harm = tmp_path / "model.pt", tmp_path / "harm"
    document = torch.load(checkpoint_file, weights_only=True)
    torch.save({**document, "provenance": _Harm(harm)}, path)
    assert "more than tensors and plain values" in _refusal(path)
    assert not harm.exists()
    torch.load(path, weights_only=False)  # it would have
    assert harm.exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"format": "csfnet_bundle.model/2"}, "csfnet_bundle.model/2"),
        ({"model": {}}, "format is 'none'"),
        ([1, 2], "format is 'list'"),
        (torch.zeros(3), "format is 'Tensor'"),
    ],
)
def test_another_format_is_named(content: object, word: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "model.pt")
    assert word in _refusal(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("model", None, "'model' is NoneType"),
        ("model", {"weight": 1.0}, "no tensor"),
        ("architecture", "CSFNet", "'architecture' is str"),
        ("roi", {"size": [16, 32]}, "ROI size"),
        ("roi", {"spacing": "1"}, "ROI spacing"),
        ("decision", {"temperature": 0.0, "threshold": 0.5}, "temperature"),
        ("decision", {}, "temperature"),
        ("provenance", [], "'provenance' is list"),
    ],
)
def test_a_part_that_does_not_fit_is_named(
    name: str, value: object, word: str, checkpoint_file: Path, tmp_path: Path
) -> None:
    document = torch.load(checkpoint_file, weights_only=True)
    torch.save({**document, name: value}, tmp_path / "model.pt")
    assert word in _refusal(tmp_path / "model.pt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"weights", b"\x80\x02.", bytes(1000)])
def test_no_file_of_torchs(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    assert "damaged" in _refusal(tmp_path / "model.pt")


def test_a_torchscript_archive_is_no_checkpoint(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2)), tmp_path / "model.pt")
    assert "damaged, or no file of torch's" in _refusal(tmp_path / "model.pt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_truncated_file_is_refused(checkpoint_file: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = checkpoint_file.read_bytes()
    path = tmp_path / "model.pt"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1), label="length")])
    _refusal(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_read_or_refused(checkpoint_file: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(checkpoint_file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3), label="bytes")):
        place = data.draw(st.integers(-HEAD_AND_TAIL, HEAD_AND_TAIL - 1), label="place")
        content[place] = data.draw(st.integers(0, 255), label="value")
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with contextlib.suppress(BundleError):  # any other exception fails
        load_checkpoint(path).create_network()


def test_ones_own_model_comes_before_the_shipped_one(
    checkpoint: ModelCheckpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, root = tmp_path / "output", tmp_path / "bundle"
    replace(checkpoint, provenance={"trained_on": "the shipped data"}).save(root / "models" / "model.pt")
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        assert find_checkpoint(own, root) == root / "models" / "model.pt"
    assert "the shipped data" in caplog.text
    checkpoint.save(own / "model.pt")
    assert find_checkpoint(own, root) == own / "model.pt"
