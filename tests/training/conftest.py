"""Fixtures of the training tests: a checkpoint of the smallest network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from csfnet_bundle.evaluation.threshold import Decision
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.roi import RoiSettings
from csfnet_bundle.training import ModelCheckpoint

WIDTHS = [[4], [4], [8]]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from a second thread, and lose much where the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def network() -> CSFNet:
    """A network with random weights, in eval mode; read only."""
    torch.manual_seed(0)
    return CSFNet(widths=WIDTHS).eval()


@pytest.fixture(scope="session")
def checkpoint(network: CSFNet) -> ModelCheckpoint:
    return ModelCheckpoint(
        weights=network.state_dict(),
        architecture=network.architecture(),
        roi=RoiSettings((16, 32, 32), (1.0, 1.0, 1.25), (-1000.0, 400.0)),
        decision=Decision(temperature=1.5, threshold=0.4),
        provenance={"trained_on": "nothing", "phantom": True, "validation": {"pairs": 8, "malignant": 3}},
    )


@pytest.fixture(scope="session")
def checkpoint_file(checkpoint: ModelCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint on disk; read only."""
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    checkpoint.save(path)
    return path
