"""The networks of a study: the file that is used, and those that have not seen the patients of a fold."""

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
        used: the network that is shipped.
        folds: for each fold that is judged, the network that has not seen its patients.
        known: what stands beside the used network's file, and its size in bytes.
        known_folds: of each fold's network, its SHA-256 and how many patients it has not seen.
    """

    used: NoduleNetwork
    folds: Mapping[int, NoduleNetwork]
    known: Mapping[str, Any]
    known_folds: Mapping[str, Mapping[str, Any]]

    def of(self, case: Case) -> NoduleNetwork:
        """Return the network that has not seen the case's patient; the used one without such a patient or network."""
        return self.folds.get(patient_fold(case.patient), self.used) if case.patient else self.used

    def judges(self, case: Case) -> bool:
        """Say whether there is a network that has not seen the case's patient."""
        return patient_fold(case.patient) in self.folds


def load_networks(model: Path, folder: Path | None) -> StudyNetworks:
    """Load all networks of a study.

    Args:
        model: the one that is used.
        folder: those of five folds, named as ``train-measure --fold N`` names them; the used one is then trained on all
            patients. None: the used one lacks a fold, which alone is judged.

    Raises:
        BundleError: a file is missing, is of another fold than its name says, or was trained otherwise; or there are no
            folds, and the used network has seen all patients.
    """
    used, known = load_network(model), _description(model)
    shown = known["provenance"] | {"settings": known["settings"], "sha256": known["sha256"]}
    shown |= {"bytes": model.stat().st_size}
    if folder is None:
        fold = known["provenance"]["held_out_fold"]
        if fold is None:
            raise BundleError(
                "this network was trained on all patients, so that nothing is left to judge it by",
                record=str(model),
                remedy="Train those of five folds with the same settings, and name their folder by --folds.",
            )
        return StudyNetworks(used, {fold: used}, shown, {})
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
    return StudyNetworks(used, folds, shown, descriptions)


def _description(path: Path) -> dict[str, Any]:
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
