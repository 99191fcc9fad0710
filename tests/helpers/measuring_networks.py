"""Stand-ins for the measuring networks of all patients and of the folds, as the training writes them."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

import torch

from csfnet_bundle.training.measure.folds import FOLDS
from csfnet_bundle.training.measure.training import file_name
from csfnet_bundle.training.measure.weights import settings
from helpers.drawn_spheres import Thresholding
from helpers.measuring_rows import document


def write_network(path: Path, fold: int | None, steps: int = 2800) -> Path:
    """Write one network and what stands beside its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit", DeprecationWarning)
        torch.jit.save(torch.jit.trace(Thresholding(), torch.zeros(1, 2, 8, 8, 8)), path)
    with path.open("ab") as stream:
        stream.write(f"fold {fold}".encode())  # so that no two have the same sum; zip readers begin at the end
    known = document(fold=fold)["network"]
    known["run"]["steps"] = steps
    described = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "settings": settings(),
        "provenance": {key: value for key, value in known.items() if key not in {"settings", "sha256", "bytes"}},
    }
    path.with_suffix(".json").write_text(json.dumps(described))
    return path


def write_networks(folder: Path) -> tuple[Path, Path]:
    """Return the network of all patients, and the folder that it and those of the folds lie in."""
    for fold in range(FOLDS):
        write_network(folder / file_name(fold), fold)
    return write_network(folder / file_name(None), None), folder
