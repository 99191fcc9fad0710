"""What lies where weights should be is read, or named for what it is."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.weights_file import read_weights, without_wrapper, write_weights

HEAD_AND_TAIL = 4096
"""Bytes at each end of a file where its structure lies; between them are weights, of which any is as good."""
WEIGHTS = {"layer.weight": torch.arange(3000.0), "layer.bias": torch.zeros(3)}
DESCRIPTION = {"format": "csfnet_bundle.test/1", "value": [1, 2.5, "x", None]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Both files of a set of weights."""
    write_weights(tmp_path / "model.pt", WEIGHTS, DESCRIPTION)
    return tmp_path / "model.pt"


def _refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_weights(path, "Make one.")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_what_is_written_comes_back(path: Path) -> None:
    document = read_weights(path, "")
    torch.testing.assert_close(document.pop("model"), WEIGHTS, rtol=0, atol=0)
    assert document == DESCRIPTION


def test_a_number_that_json_cannot_hold_becomes_null(tmp_path: Path) -> None:
    write_weights(tmp_path / "model.pt", WEIGHTS, DESCRIPTION | {"metrics": {"auc": float("nan"), "loss": [1.0]}})
    assert read_weights(tmp_path / "model.pt", "")["metrics"] == {"auc": None, "loss": [1.0]}


def test_weights_are_not_called_as_their_description(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"weights cannot be called model\.json"):
        write_weights(tmp_path / "model.json", WEIGHTS, DESCRIPTION)
    assert not list(tmp_path.iterdir())


def test_a_view_is_saved_without_the_tensor_that_it_shows(tmp_path: Path) -> None:
    write_weights(tmp_path / "model.pt", {"part": torch.zeros(1_000_000)[:3]}, DESCRIPTION)
    assert (tmp_path / "model.pt").stat().st_size < 10_000


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
@pytest.mark.parametrize("nested", [False, True])
def test_the_prefix_of_a_wrapper_is_dropped(prefix: str, nested: bool, tmp_path: Path) -> None:
    wrapped = {prefix + name: tensor for name, tensor in WEIGHTS.items()}
    torch.save({"model": wrapped, "epoch": 1} if nested else wrapped, tmp_path / "weights.pt")
    document = read_weights(tmp_path / "weights.pt", "")
    assert (document["model"] if nested else document).keys() == WEIGHTS.keys()


def test_a_prefix_of_some_names_is_a_name(tmp_path: Path) -> None:
    names = {"module.weight": torch.zeros(1), "bias": torch.zeros(1)}
    assert without_wrapper(names) == names


@pytest.mark.parametrize("described", [False, True])
@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 48612345\n", "is a git-lfs pointer"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"\n  <HTML>", "is a web page"),
        (b"", "the file is empty"),
    ],
)
def test_other_files_are_named(path: Path, content: bytes, word: str, described: bool) -> None:
    path.write_bytes(content)
    if not described:
        path.with_suffix(".json").unlink()
    assert word in _refusal(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"weights", b"\x80\x02.", bytes(1000)])
def test_no_file_of_torchs(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    assert "damaged" in _refusal(tmp_path / "model.pt")


def test_torchscript_is_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2)), tmp_path / "model.pt")
    assert "it is TorchScript" in _refusal(tmp_path / "model.pt")


def test_a_whole_network_is_named(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    assert "more than tensors and plain values, such as a whole network" in _refusal(tmp_path / "model.pt")


def test_somebody_elses_json_beside_is_left_alone(tmp_path: Path) -> None:
    torch.save(WEIGHTS, tmp_path / "model.pt")
    (tmp_path / "model.json").write_text(json.dumps({"name": "resnet"}))
    assert read_weights(tmp_path / "model.pt", "").keys() == WEIGHTS.keys()


def test_a_damaged_description_is_named(path: Path) -> None:
    description = path.with_suffix(".json")
    description.write_bytes(description.read_bytes()[:40])
    with pytest.raises(BundleError, match=r"model\.json: the description of model\.pt is no JSON"):
        read_weights(path, "")


class _Harm:
    """What a hostile file holds: unpickled the ordinary way, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_hostile_file_does_nothing(tmp_path: Path) -> None:
    path, harm = tmp_path / "model.pt", tmp_path / "harm"
    torch.save({**WEIGHTS, "provenance": _Harm(harm)}, path)
    assert "more than tensors and plain values" in _refusal(path)
    assert not harm.exists()
    torch.load(path, weights_only=False)  # it would have
    assert harm.exists()


def _one_file(folder: Path) -> bytes:
    torch.save({"format": "csfnet_bundle.model/1", "model": WEIGHTS}, folder / "old.pt")
    return (folder / "old.pt").read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_truncated_weights_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = _one_file(tmp_path)
    path = tmp_path / "model.pt"
    length = data.draw(st.integers(0, len(content) - 1), label="length")
    path.write_bytes(content[:length])
    assert ("damaged" if length else "is empty") in _refusal(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_weights_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(_one_file(tmp_path))
    for _ in range(data.draw(st.integers(1, 3), label="bytes")):
        place = data.draw(st.integers(-HEAD_AND_TAIL, HEAD_AND_TAIL - 1), label="place")
        content[place] = data.draw(st.integers(0, 255), label="value")
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with contextlib.suppress(BundleError):  # any other exception fails
        read_weights(path, "")


@given(st.binary(min_size=1, max_size=3), st.data())
def test_any_change_of_described_weights_is_refused(tmp_path_factory: Any, change: bytes, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("weights") / "model.pt"
    write_weights(path, WEIGHTS, DESCRIPTION)
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - len(change)), label="place")
    changed = content[:place] + change + content[place + len(change) :]
    path.write_bytes(changed)
    if changed == content:
        read_weights(path, "")
    else:
        assert "not of these weights" in _refusal(path)
