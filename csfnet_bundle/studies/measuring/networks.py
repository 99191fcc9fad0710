"""The networks of a study: the file that is used, and one for each fold, which has not seen the fold's patients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.network import NoduleNetwork, load_network
from csfnet_bundle.studies.measuring.cases import Case
from csfnet_bundle.training.measure.folds import FOLDS, patient_fold
from csfnet_bundle.training.measure.training import file_name

SAME = ("steps", "seed", "bfloat16")
"""What all trainings must have in common, of the runs."""


@dataclass(frozen=True)
class StudyNetworks:
    """What measures each case.

    Attributes:
        used: the network that is shipped, trained on all patients.
        folds: for each fold, the network that has not seen its patients.
        known: what stands beside the used network's file, and its size in bytes.
        known_folds: of each fold's network, its SHA-256 and how many patients it has not seen.
    """

    used: NoduleNetwork
    folds: Mapping[int, NoduleNetwork]
    known: Mapping[str, Any]
    known_folds: Mapping[str, Mapping[str, Any]]

    def of(self, case: Case) -> NoduleNetwork:
        """Return the network that has not seen the case: of a patient that of the fold, of a drawn nodule the used."""
        return self.folds[patient_fold(case.patient)] if case.patient else self.used


def load_networks(model: Path, folder: Path) -> StudyNetworks:
    """Load all networks of a study.

    Args:
        model: the one that is used.
        folder: those of the folds, named as ``train-measure --fold N`` names them.

    Raises:
        BundleError: a file is missing, is of another fold than its name says, or was trained otherwise.
    """
    known = _description(model)
    _check(known, model, None, known)
    folds, descriptions = {}, {}
    for fold in range(FOLDS):
        path = folder / file_name(fold)
        folds[fold] = load_network(path)
        described = _description(path)
        _check(described, path, fold, known)
        descriptions[str(fold)] = {
            "sha256": described["sha256"],
            "held_out_patients": described["provenance"]["held_out_patients"],
        }
    shown = known["provenance"] | {"settings": known["settings"], "sha256": known["sha256"]}
    return StudyNetworks(load_network(model), folds, shown | {"bytes": model.stat().st_size}, descriptions)


def _description(path: Path) -> dict[str, Any]:
    load_network(path)  # says what is wrong with a file that is missing or does not fit
    description: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return description


def _check(description: Mapping[str, Any], path: Path, fold: int | None, used: Mapping[str, Any]) -> None:
    found = description["provenance"]["held_out_fold"]
    if found != fold:
        raise BundleError(
            f"this network was trained {_whom(found)}, expected {_whom(fold)}",
            record=str(path),
            remedy="Train it by `csfnet train-measure`, with --fold for that of a fold.",
        )
    one, other = (_settings(known) for known in (description, used))
    if one != other:
        differ = ", ".join(f"{name} {one.get(name)!r}" for name in one if one.get(name) != other.get(name))
        raise BundleError(
            f"this network was trained otherwise than the one that is used: {differ}",
            record=str(path),
            remedy="Train all of them with the same settings.",
        )


def _whom(fold: int | None) -> str:
    return "on all patients" if fold is None else f"without those of fold {fold}"


def _settings(description: Mapping[str, Any]) -> dict[str, Any]:
    run = description["provenance"]["run"]
    return {**{name: run.get(name) for name in SAME}, **description["settings"]}
