"""Pairs with one input spoilt: what a trained network loses by it is what it had learnt from that input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair

SCAN_ORDERS: Mapping[str, tuple[int, int]] = MappingProxyType({"t0 and t1 swapped": (1, 0), "t1 shown twice": (1, 1)})
"""Which scan each channel of the image (2, D, H, W) shows. ROIs are exchanged, not records: the readers refuse a pair
whose t0 is not the earlier scan, or is t1 itself."""


def permute_clinical(pairs: Sequence[FollowUpPair], seed: int) -> list[FollowUpPair]:
    """Return the pairs, in their order, each patient with the clinical values of another patient.

    Patients are put into a random circle and each takes the values of the next, so that nobody keeps their own, and
    every value occurs as often among patients as before. All pairs of a patient take values of one patient: pair i
    those of the other's pair i, from the first again where there are fewer.

    Args:
        pairs: of one section of a datalist.
        seed: decides the circle.

    Raises:
        BundleError: there is one patient only.
    """
    of_patient = _by_patient(pairs)
    donor = _circle(list(of_patient), seed)
    place = {id(pair): number for group in of_patient.values() for number, pair in enumerate(group)}
    permuted = []
    for pair in pairs:
        others = of_patient[donor[pair.subject]]
        permuted.append(replace(pair, clinical=dict(others[place[id(pair)] % len(others)].clinical)))
    return permuted


def permute_labels(pairs: Sequence[FollowUpPair], seed: int) -> list[FollowUpPair]:
    """Return the pairs, in their order, with the labels of patients dealt anew: nothing is left to be learnt.

    Patients are shuffled within groups of the same number of pairs and swap their labels, so that prevalence and the
    likeness of a patient's nodules stay. A network trained on them must reach an AUC of 0.5; one that
    does not was told the permuted label. Leaks of the true label are permuted away, and do not show.

    Args:
        pairs: of one section of a datalist, all labelled.
        seed: decides the shuffle.

    Raises:
        BundleError: a pair has no label.
    """
    for pair in pairs:
        if pair.label is None:
            raise BundleError("the pair has no label to permute", record=pair.name, remedy="Use a labelled section.")
    of_patient = _by_patient(pairs)
    generator = np.random.default_rng(seed)
    labels: dict[str, list[int | None]] = {}
    for size in sorted({len(group) for group in of_patient.values()}):
        patients = sorted(patient for patient, group in of_patient.items() if len(group) == size)
        for patient, giver in zip(patients, generator.permutation(patients), strict=True):
            labels[patient] = [pair.label for pair in of_patient[str(giver)]]
    place = {id(pair): number for group in of_patient.values() for number, pair in enumerate(group)}
    return [replace(pair, label=labels[pair.subject][place[id(pair)]]) for pair in pairs]


def _by_patient(pairs: Sequence[FollowUpPair]) -> dict[str, list[FollowUpPair]]:
    groups: dict[str, list[FollowUpPair]] = {}
    for pair in pairs:
        groups.setdefault(pair.subject, []).append(pair)
    return groups


def _circle(patients: list[str], seed: int) -> dict[str, str]:
    """Give each patient the next one of a random circle."""
    if len(patients) < 2:
        raise BundleError(
            f"{len(patients)} patient has nobody to exchange clinical values with",
            record="permutation over patients",
            remedy="Give the pairs of at least two patients.",
        )
    order = [str(name) for name in np.random.default_rng(seed).permutation(sorted(patients))]
    return dict(zip(order, order[1:] + order[:1], strict=True))
