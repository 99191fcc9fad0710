import contextlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core import code_book as code_book_module
from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, find_checkpoint, load_checkpoint, load_weights

PARTS = ("architecture", "roi", "decision", "provenance")


def _refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith((str(path), str(path.with_suffix(".json"))))
    assert "\n" not in message
    return message


def _edited(checkpoint_file: Path, folder: Path, **changes: object) -> Path:
    """Copy a checkpoint with other values in its description; None removes a key."""
    description = json.loads(checkpoint_file.with_suffix(".json").read_text()) | changes
    description = {name: value for name, value in description.items() if value is not None}
    (folder / "model.pt").write_bytes(checkpoint_file.read_bytes())
    (folder / "model.json").write_text(json.dumps(description))
    return folder / "model.pt"


def _one_file(checkpoint: ModelCheckpoint, path: Path) -> Path:
    """Write a checkpoint as version 0.1 did."""
    description = checkpoint.description()
    document = {name: description[name] for name in PARTS} | {"model": dict(checkpoint.weights)}
    torch.save({"format": "csfnet_bundle.model/1", **document}, path)
    return path


def test_what_is_saved_comes_back(checkpoint: ModelCheckpoint, checkpoint_file: Path) -> None:
    loaded = load_checkpoint(checkpoint_file)
    assert loaded.weights.keys() == checkpoint.weights.keys()
    for name, tensor in checkpoint.weights.items():
        torch.testing.assert_close(loaded.weights[name], tensor, rtol=0, atol=0)
    same = replace(loaded, weights=checkpoint.weights, source=checkpoint.source)
    assert same == checkpoint
    assert loaded.trained_on == "nothing"


def test_the_weights_are_a_plain_state_dictionary(network: CSFNet, checkpoint_file: Path) -> None:
    other = CSFNet(widths=network.widths)
    other.load_state_dict(torch.load(checkpoint_file, weights_only=True))
    torch.testing.assert_close(other.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_what_a_later_version_adds_survives(checkpoint_file: Path, tmp_path: Path) -> None:
    added = {"patients_seen": {"salt": "ab", "hashes": ["cd"]}, "trained_sizes": [4.0, 30.0], "odd": None}
    path = _edited(checkpoint_file, tmp_path, **{name: value for name, value in added.items() if value})
    load_checkpoint(path).save(tmp_path / "again.pt")
    again = json.loads((tmp_path / "again.json").read_text())
    assert again == json.loads((tmp_path / "model.json").read_text())
    assert again["trained_sizes"] == [4.0, 30.0]


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint_file: Path) -> None:
    content, description = load_checkpoint(checkpoint_file).to_bytes()
    assert content == checkpoint_file.read_bytes()
    assert description == checkpoint_file.with_suffix(".json").read_bytes()


def test_a_single_file_of_version_0_1_is_read(checkpoint: ModelCheckpoint, tmp_path: Path) -> None:
    loaded = load_checkpoint(_one_file(checkpoint, tmp_path / "old.pt"))
    same = replace(loaded, weights=checkpoint.weights, source=checkpoint.source)
    assert same == checkpoint
    assert loaded.code_book.names == ("race", "cigsmok", "gender", "age", "scr_res0", "scr_iso0")


def test_a_single_file_is_read_by_no_other_codes(
    checkpoint: ModelCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order in nlst_codes.json does not matter to it, nor a new variable; other codes do."""
    old = _one_file(checkpoint, tmp_path / "old.pt")
    installed = nlst_code_book()
    order = ("age", "gender", "cigsmok", "race", "scr_iso0", "scr_res0")
    monkeypatch.setattr("csfnet_bundle.prediction.checkpoint.nlst_code_book", lambda: installed.only(order))
    assert load_checkpoint(old).code_book == installed
    gender, smoking = (variable for variable in installed.only(("gender", "cigsmok")).variables)
    swapped = (replace(gender, name="cigsmok"), replace(smoking, name="gender"))
    others = installed.only(("race", "age", "scr_res0", "scr_iso0")).variables
    for variables, word in (((*others, *swapped), "has other codes"), (others, "has no cigsmok")):
        changed = CodeBook(variables)
        monkeypatch.setattr("csfnet_bundle.prediction.checkpoint.nlst_code_book", lambda changed=changed: changed)
        assert word in _refusal(old)


def test_another_installed_code_book_changes_nothing(checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_checkpoint(checkpoint_file).code_book
    swapped = before.only(("gender", "race"))
    monkeypatch.setattr("csfnet_bundle.prediction.checkpoint.nlst_code_book", lambda: swapped)
    monkeypatch.setattr(code_book_module, "nlst_code_book", lambda: swapped)
    assert load_checkpoint(checkpoint_file).code_book == before


def test_an_edited_code_book_is_refused(checkpoint_file: Path, tmp_path: Path) -> None:
    """Two variables of one size exchanged would fit the network and change its answers."""
    entries = json.loads(checkpoint_file.with_suffix(".json").read_text())["code_book"]
    entries[1], entries[2] = entries[2], entries[1]
    assert "not the one that the weights were trained on" in _refusal(
        _edited(checkpoint_file, tmp_path, code_book=entries)
    )


def test_a_code_book_that_the_network_does_not_have_is_refused(checkpoint: ModelCheckpoint, tmp_path: Path) -> None:
    replace(checkpoint, code_book=checkpoint.code_book.only(("race", "age"))).save(tmp_path / "model.pt")
    assert "its code book has [8, 8] tokens for race, age, its network [8, 4, 4, 8, 8, 6]" in _refusal(
        tmp_path / "model.pt"
    )


def test_files_of_two_checkpoints_are_refused(
    checkpoint: ModelCheckpoint, checkpoint_file: Path, tmp_path: Path
) -> None:
    """As an interruption between the two writes leaves them, or a user who copies one."""
    changed = {name: tensor + 1 for name, tensor in checkpoint.weights.items()}
    replace(checkpoint, weights=changed).save(tmp_path / "model.pt")
    (tmp_path / "model.json").write_bytes(checkpoint_file.with_suffix(".json").read_bytes())
    assert "model.json beside it is not of these weights" in _refusal(tmp_path / "model.pt")
    (tmp_path / "model.json").unlink()
    assert "Put model.json beside it" in _refusal(tmp_path / "model.pt")


def test_an_interruption_between_the_files_is_found_out(
    checkpoint: ModelCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pt"
    checkpoint.save(path)
    real = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if Path(target).suffix == ".json":
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    changed = {name: tensor + 1 for name, tensor in checkpoint.weights.items()}
    with pytest.raises(KeyboardInterrupt):
        replace(checkpoint, weights=changed).save(path)
    assert "not of these weights" in _refusal(path)
    assert {item.name for item in tmp_path.iterdir()} == {"model.pt", "model.json"}
    monkeypatch.undo()
    replace(checkpoint, weights=changed).save(path)
    assert load_checkpoint(path).weights.keys() == changed.keys()


def test_the_network_comes_back(network: CSFNet, checkpoint_file: Path) -> None:
    image, clinical = torch.rand(2, 2, 16, 32, 32), torch.zeros(2, 6, dtype=torch.int64)
    restored = load_checkpoint(checkpoint_file).create_network().eval()
    with torch.no_grad():
        torch.testing.assert_close(restored(image, clinical), network(image, clinical), rtol=0, atol=0)


def test_the_description_is_json(checkpoint_file: Path) -> None:
    document = json.loads(checkpoint_file.with_suffix(".json").read_text())
    assert document["format"] == "csfnet_bundle.model/2"
    assert document["roi"] == {"size": [16, 32, 32], "spacing": [1.0, 1.0, 1.25], "window": [-1000.0, 400.0]}
    assert document["decision"] == {"temperature": 1.5, "threshold": 0.4}


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(checkpoint: ModelCheckpoint, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "model.pt"
    checkpoint.save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="function"):
        replace(checkpoint, provenance={"odd": lambda: 0}).save(path)
    assert path.read_bytes() == before
    assert {item.name for item in path.parent.iterdir()} == {"model.pt", "model.json"}


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


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"format": "csfnet_bundle.model/9"}, "csfnet_bundle.model/9"),
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
        ("architecture", "CSFNet", "'architecture' is str"),
        ("roi", {"size": [16, 32]}, "ROI size"),
        ("roi", {"spacing": "1"}, "ROI spacing"),
        ("code_book", None, "code book is NoneType"),
        ("code_book", [{"name": "race", "codes": {"one": "White"}}], "clinical variable race"),
        ("decision", {"temperature": 0.0, "threshold": 0.5}, "temperature"),
        ("decision", {}, "temperature"),
        ("provenance", [], "'provenance' is list"),
        ("format", "csfnet_bundle.model/9", "csfnet_bundle.model/9"),
    ],
)
def test_a_part_that_does_not_fit_is_named(
    name: str, value: object, word: str, checkpoint_file: Path, tmp_path: Path
) -> None:
    assert word in _refusal(_edited(checkpoint_file, tmp_path, **{name: value}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_description_is_read_or_refused(checkpoint_file: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(checkpoint_file.with_suffix(".json").read_bytes())
    for _ in range(data.draw(st.integers(1, 3), label="bytes")):
        content[data.draw(st.integers(0, len(content) - 1), label="place")] = data.draw(
            st.integers(0, 255), label="value"
        )
    path = tmp_path / "model.pt"
    path.write_bytes(checkpoint_file.read_bytes())
    (tmp_path / "model.json").write_bytes(content)
    with contextlib.suppress(BundleError):  # any other exception fails
        load_checkpoint(path).create_network()


def test_ones_own_model_comes_before_the_shipped_one(
    checkpoint: ModelCheckpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, root = tmp_path / "output", tmp_path / "bundle"
    (root / "configs").mkdir(parents=True)
    (root / "configs" / "inference.json").write_text("{}")
    replace(checkpoint, provenance={"trained_on": "the shipped data"}).save(root / "models" / "model.pt")
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        assert find_checkpoint(own, root) == root / "models" / "model.pt"
    assert "the shipped data" in caplog.text
    checkpoint.save(own / "model.pt")
    assert find_checkpoint(own, root) == own / "model.pt"
