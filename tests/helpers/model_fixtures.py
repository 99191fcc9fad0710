"""Fixtures for tests of training and prediction: the smallest network, and runs of handlers without scans."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data import Dataset

from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.networks.ablations import AblatedCSFNet
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.data import datalist_items
from csfnet_bundle.records import Scan
from helpers.tiny_checkpoint import tiny_checkpoint, tiny_network


@pytest.fixture(scope="session")
def network() -> CSFNet:
    """A network with random weights, in eval mode; read only."""
    return tiny_network()


@pytest.fixture(scope="session")
def checkpoint(network: CSFNet) -> ModelCheckpoint:
    return tiny_checkpoint(network)


@pytest.fixture(scope="session")
def without_attention() -> Network:
    """A network that has no attention map."""
    return AblatedCSFNet(use_clinical=False, widths=[[4], [4], [8]]).eval()


@pytest.fixture(scope="session")
def checkpoint_file(checkpoint: ModelCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint on disk; read only."""
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    checkpoint.save(path)
    return path


def _center(scan: Scan) -> tuple[float, float, float]:
    """Return a scan's point in LPS mm; the cohort's scans have the identity as affine, so that voxels are RAS mm."""
    x, y, z = scan.known_point.coordinates
    return -x, -y, z


def _see(item: dict[str, Any]) -> dict[str, Any]:
    """Stand in for the transforms: a random image and codes for a record."""
    random = torch.Generator().manual_seed(int(item["subject"]))
    pair = item["pair"]
    affines = [RoiGrid(_center(scan), (16, 32, 32)).affine for scan in (pair.t0, pair.t1)]
    seen = {
        "image": torch.rand(2, 16, 32, 32, generator=random),
        "affine": torch.from_numpy(affines[1]),
        "affines": torch.from_numpy(np.stack(affines)),
        "clinical": torch.randint(0, 4, (6,), generator=random),
        "interval_days": torch.tensor(365.0),
        "findings": "t0: something was noticed",
    }
    return {**{key: item[key] for key in ("subject", "nodule", "label") if key in item}, **seen}


@pytest.fixture
def seen(small_cohort: Path) -> Callable[[str], Dataset]:
    """Give a data set of a section of the small cohort, its scans replaced by noise."""
    return lambda section: Dataset(datalist_items(small_cohort, section), _see)


@pytest.fixture
def engine_with() -> Callable[[Dataset, list[float]], Callable[[object], None]]:
    """Give what runs a handler over a data set whose pairs get the logits named, in batches of three."""

    def prepare(data: Dataset, logits: list[float]) -> Callable[[object], None]:
        samples = [data[index] for index in range(len(logits))]
        answers = {
            sample["subject"]: {"pred": torch.tensor([0.0, logit])}
            for sample, logit in zip(samples, logits, strict=True)
        }
        engine = Engine(lambda _, batch: [answers[sample["subject"]] for sample in batch])

        def run(handler: Any) -> None:
            handler.attach(engine)
            engine.run([samples[start : start + 3] for start in range(0, len(samples), 3)])

        return run

    return prepare
