"""A model of a few thousand random weights: for tests of what is done with a model, whatever it says."""

from dataclasses import replace
from pathlib import Path

import torch

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.prediction.checkpoint import FOLLOW_UP_PART, LABEL, OPINION, SIMULATED, ModelCheckpoint

WIDTHS = [[4], [4], [8]]


def tiny_network() -> CSFNet:
    """Return the network in eval mode."""
    torch.manual_seed(0)
    return CSFNet(widths=WIDTHS).eval()


def tiny_checkpoint(network: Network) -> ModelCheckpoint:
    """Return its checkpoint, with settings that are nobody's defaults."""
    return ModelCheckpoint(
        weights=network.state_dict(),
        architecture=network.architecture(),
        roi=RoiSettings((16, 32, 32), (1.0, 1.0, 1.25), (-1000.0, 400.0)),
        code_book=nlst_code_book(),
        decision=Decision(temperature=1.5, threshold=0.4),
        provenance={"trained_on": "nothing", "phantom": True, "validation": {"pairs": 8, "malignant": 3}},
    )


def opinion_checkpoint() -> ModelCheckpoint:
    """Return one whose description says that it was calibrated on single scans, as models/nodules was."""
    made = tiny_checkpoint(tiny_network())
    said = {"phantom": False, LABEL: OPINION, FOLLOW_UP_PART: SIMULATED}
    return replace(made, provenance={**made.provenance, **said})


def save_tiny_checkpoint(path: Path) -> Path:
    """Write it and return the path."""
    tiny_checkpoint(tiny_network()).save(path)
    return path
