"""A small network with settled normalisations, as a checkpoint, and its exported files."""

from pathlib import Path

import pytest
import torch

from csfnet_bundle.commands import main
from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.serving.export import example_pairs

ROI_SIZE = (16, 32, 32)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose output depends on every input, interval and presence of t0 among them."""
    torch.manual_seed(0)
    network = CSFNet(widths=[[4], [4], [8]], use_interval=True, prior_presence=True)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.momentum = 1.0
    pairs = example_pairs(8, ROI_SIZE, network.clinical_vocabulary, seed=1)
    with torch.no_grad():
        network(*(torch.from_numpy(array) for array in vars(pairs).values()))
    path = tmp_path_factory.mktemp("model") / "model.pt"
    ModelCheckpoint(
        weights=network.state_dict(),
        architecture=network.architecture(),
        roi=RoiSettings(size=ROI_SIZE),
        code_book=nlst_code_book(),
        decision=Decision(temperature=1.5, threshold=0.4),
        provenance={"trained_on": "nothing: a test", "phantom": True},
    ).save(path)
    return path


@pytest.fixture(scope="session")
def exported(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command wrote."""
    folder = tmp_path_factory.mktemp("exported")
    assert main(["export", f"--out={folder}", f"--model={model}"]) == 0
    return folder
