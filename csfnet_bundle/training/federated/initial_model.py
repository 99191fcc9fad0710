"""The checkpoint that a federation starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from csfnet_bundle import __version__
from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.threshold import NO_THRESHOLD
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint


def initial_model(config_files: Sequence[str | Path], seed: int = 0) -> ModelCheckpoint:
    """Return an untrained checkpoint of a training config's network and ROI.

    Every site of a federation makes its network and its ROIs from one file, so that they fit together.

    Args:
        config_files: the training config and its overrides.
        seed: of the weights.
    """
    parser = ConfigParser()
    parser.read_config([str(file) for file in config_files])
    roi: dict[str, Any] = parser.get_parsed_content("roi")
    code_book: CodeBook = parser.get_parsed_content("code_book")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = parser.get_parsed_content("network_def")
    return ModelCheckpoint(
        weights=network.state_dict(),
        architecture=network.architecture(),
        roi=RoiSettings.from_plain(roi),
        code_book=code_book,
        decision=Decision(temperature=1.0, threshold=NO_THRESHOLD),
        provenance={
            "trained_on": "nothing: random weights",
            "phantom": False,
            "bundle_version": __version__,
            "torch_version": str(torch.__version__),
        },
    )
