"""Starting weights: what fits is taken over, what does not is listed."""

import logging
from pathlib import Path

import pytest
import torch
from helpers.tiny_checkpoint import tiny_checkpoint, tiny_network

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import CSFNet, create_network
from csfnet_bundle.training.transfer import transfer_weights, weights_digest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tiny_checkpoint(tiny_network()).save(tmp_path / "source.pt")
    return tmp_path / "source.pt"


def test_the_same_network_takes_everything(source: Path) -> None:
    network = CSFNet(tiny_network().widths)
    transfer = transfer_weights(network, source)
    assert transfer is not None
    assert not transfer.left_out
    assert not transfer.fresh
    assert transfer.trained_on == "nothing"
    torch.testing.assert_close(network.state_dict(), tiny_network().state_dict(), rtol=0, atol=0)


def test_another_width_takes_what_fits_and_lists_the_rest(source: Path, caplog: pytest.LogCaptureFixture) -> None:
    network = CSFNet([[4], [4], [16]])
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        transfer = transfer_weights(network, source)
    assert transfer is not None
    expected = tiny_network().state_dict()
    for name, tensor in network.state_dict().items():
        fits = expected[name].shape == tensor.shape
        assert (name in transfer.copied) == fits
        assert (name in transfer.left_out) != fits
        torch.testing.assert_close(tensor, expected[name] if fits else before[name], rtol=0, atol=0)
    assert "head.0.weight" in transfer.copied
    assert "temporal_fusion.convolution.weight" in transfer.left_out
    assert "left out: temporal_fusion.convolution.weight (shape (8, 16, 3, 3, 3)" in caplog.text
    assert "stays random: temporal_fusion.convolution.weight" in caplog.text


def test_another_task_gives_its_encoder(source: Path) -> None:
    """From a network with temporal fusion and clinical data to one that has only the encoder of it."""
    network = create_network({"name": "AblatedCSFNet", "scans": "t1", "use_clinical": False, "widths": [[4], [4], [8]]})
    transfer = transfer_weights(network, source)
    assert transfer is not None
    assert {name for name in transfer.copied if name.startswith("encoder.")} == {
        name for name in network.state_dict() if name.startswith("encoder.")
    }
    assert "the network has no such tensor" in transfer.left_out["clinical_embedding.table.weight"]


@pytest.mark.parametrize("key", [None, "state_dict"])
def test_plain_state_dictionaries_do_too(key: str | None, tmp_path: Path) -> None:
    weights = tiny_network().state_dict()
    torch.save(weights if key is None else {key: weights, "epoch": 3}, tmp_path / "weights.pt")
    transfer = transfer_weights(CSFNet(tiny_network().widths), tmp_path / "weights.pt")
    assert transfer is not None
    assert not transfer.fresh
    assert transfer.trained_on == "unknown"


def test_no_weights_change_nothing() -> None:
    network = tiny_network()
    assert transfer_weights(network, None) is None
    torch.testing.assert_close(network.state_dict(), tiny_network().state_dict(), rtol=0, atol=0)
    assert weights_digest(None) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no checkpoint"), ({"epoch": 1}, "no state dictionary"), ({"x": torch.ones(3)}, "none of its 1")],
)
def test_what_cannot_be_taken_over_is_refused(content: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    if content is not None:
        torch.save(content, path)
    with pytest.raises(BundleError, match=words):
        transfer_weights(tiny_network(), path)


AGREED = {"size": "tiny", "views": ["coronal", "sagittal"], "shared_experts": False, "shared_class_token": False,
          "mask_blank": True}  # fmt: skip
ROI = {"size": [16, 64, 64], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}


def _pretrained(path: Path, architecture: dict[str, object], roi: dict[str, object]) -> Path:
    weights = create_network({"name": "MedSTProbe", "size": "tiny"}).state_dict()
    torch.save({"model": weights, "architecture": architecture, "roi": roi}, path)
    return path


@pytest.mark.parametrize(
    ("name", "other"),
    [("views", ["sagittal", "coronal"]), ("mask_blank", False), ("shared_class_token", True), ("size", "small")],
)
def test_weights_of_other_views_are_refused_where_they_would_fit(tmp_path: Path, name: str, other: object) -> None:
    network = create_network({"name": "MedSTCSFNet", "size": "tiny"})
    path = _pretrained(tmp_path / "medst.pt", {**AGREED, name: other}, ROI)
    with pytest.raises(BundleError, match=f"its {name} is .*, that of the network which should start from it"):
        transfer_weights(network, path, ROI)
    assert transfer_weights(network, _pretrained(path, AGREED, ROI), ROI) is not None


def test_weights_that_tell_no_slab_saw_the_whole_roi(tmp_path: Path) -> None:
    path = _pretrained(tmp_path / "medst.pt", AGREED, ROI)
    network = create_network({"name": "MedSTCSFNet", "size": "tiny", "slab": 16})
    with pytest.raises(BundleError, match="its slab is None, that of the network which should start from it 16"):
        transfer_weights(network, path, ROI)


def test_views_of_another_roi_are_refused(tmp_path: Path) -> None:
    network = create_network({"name": "MedSTProbe", "size": "tiny"})
    path = _pretrained(tmp_path / "medst.pt", AGREED, {**ROI, "spacing": (0.5, 0.5, 0.5)})
    with pytest.raises(BundleError, match=r"its roi is .*0\.5.*, that of the network .*1\.0"):
        transfer_weights(network, path, ROI)


def test_a_pre_training_that_is_no_mapping_tells_nothing(tmp_path: Path) -> None:
    weights = tiny_network().state_dict()
    torch.save({"model": weights, "provenance": {"pretraining": ["steps", 3]}}, tmp_path / "odd.pt")
    transfer = transfer_weights(tiny_network(), tmp_path / "odd.pt")
    assert transfer is not None
    assert transfer.pretraining == {}


def test_a_pre_training_is_told(tmp_path: Path) -> None:
    """Med-ST's checkpoint gives its image encoder, and what it says of itself goes on."""
    network = create_network({"name": "MedSTProbe", "size": "tiny"})
    encoder = {
        name: torch.full_like(tensor, 0.5) for name, tensor in network.state_dict().items() if "classifier" not in name
    }
    pretraining = {"config_sha256": "ab" * 32, "steps": 120, "size": "tiny"}
    provenance = {"trained_on": "three screens, training patients alone", "pretraining": pretraining}
    weights = {**encoder, "text_head.layers.0.weight": torch.zeros(3)}
    torch.save({"model": weights, "provenance": provenance}, tmp_path / "medst.pt")
    transfer = transfer_weights(network, tmp_path / "medst.pt")
    assert transfer is not None
    assert set(transfer.copied) == set(encoder)
    assert set(transfer.left_out) == {"text_head.layers.0.weight"}
    assert transfer.trained_on == "three screens, training patients alone"
    assert transfer.to_plain()["pretraining"] == pretraining
    assert float(network.state_dict()["image_encoder.class_tokens"].mean()) == 0.5
