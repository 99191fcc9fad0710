"""``--initial_weights`` of the training workflow."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.workflow_runs import TINY, TRAIN

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.training.transfer import weights_digest


def test_a_training_starts_from_weights_of_another_width(
    run: Callable[..., None], trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One epoch at a learning rate of nothing: what was copied is what the model holds."""
    settings = {
        **TINY,
        "network_arguments#widths": [[4], [4], [12]],
        "train#trainer#max_epochs": 1,
        "optimizer#lr": 0.0,
    }
    settings |= {"initial_weights": str(trained / "model.pt"), "output_dir": str(tmp_path)}
    settings |= {"accept_seen_patients": True}  # the two trainings divide the same small cohort otherwise
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        run("training", TRAIN, **settings)
    assert "left out: temporal_fusion.convolution.weight" in caplog.text
    source, made = load_checkpoint(trained / "model.pt"), load_checkpoint(tmp_path / "model.pt")
    assert made.weights["head.0.weight"].equal(source.weights["head.0.weight"])
    start = made.provenance["initial_weights"]
    assert start["sha256"] == weights_digest(trained / "model.pt")
    assert "temporal_fusion.convolution.weight" in start["left_out"]
    assert made.trained_on == f"{source.trained_on}, started from weights trained on {source.trained_on}"

    settings["initial_weights"] = None
    with pytest.raises(RuntimeError) as wrapped:
        run("training", TRAIN, **settings)
    assert "initial_weights" in str(bundle_error_in(wrapped.value))
