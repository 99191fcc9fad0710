"""Refusals of stacks whose slices do not lie evenly, with what to do about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.stack import Stack
from csfnet_bundle.scans.dicom.tolerances import STEP_TOLERANCE_SHARE


def gap_refusal(stack: Stack, series: str) -> Refusal:
    """Return the refusal for a stack of a series (its UID) whose steps differ."""
    figures = stack.gap_figures()
    k = stack.gaps[0]
    return Refusal(
        RefusalCode.SLICE_GAP,
        f"slices lie {stack.step:g} mm apart, but {stack.offsets[k + 1] - stack.offsets[k]:g} mm between "
        f"{stack.offsets[k]:g} and {stack.offsets[k + 1]:g} mm along the normal"
        + (f" (and at {len(stack.gaps) - 1} more places)" if len(stack.gaps) > 1 else ""),
        series=series,
        figures=figures,
        remedy=_gap_remedy(stack),
    )


def drift_refusal(stack: Stack, series: str, uneven_mm: float) -> Refusal:
    """Return the refusal for a stack of a series (its UID) whose steps drift."""
    return Refusal(
        RefusalCode.SLICE_GAP,
        f"the slice spacing drifts: a slice lies {uneven_mm:.2f} mm from its even place",
        series=series,
        figures={"step_mm": stack.step, "uneven_mm": uneven_mm, "offsets_mm": stack.offsets.round(3).tolist()},
        remedy="Take another reconstruction.",
    )


def count_words(number: int, one: str, several: str) -> str:
    """Return a number with its noun: ``1 slice``, ``2 slices``."""
    return f"{number} {one if number == 1 else several}"


def _gap_remedy(stack: Stack) -> str:
    """Say what to do about uneven steps: whether slices are missing, too many, or just not even."""
    steps = np.diff(stack.offsets) / stack.step
    uneven = steps[list(stack.gaps)]
    if (uneven > 1.5).all() and (np.abs(uneven - np.rint(uneven)) <= STEP_TOLERANCE_SHARE).all():
        return "Get the missing slices."
    places = (stack.offsets - stack.offsets[0]) / stack.step
    even = np.abs(places - np.rint(places)) <= STEP_TOLERANCE_SHARE
    if not even.all() and even[[0, -1]].all() and (np.diff(np.rint(places[even])) == 1).all():
        first = stack.instances[int(np.flatnonzero(~even)[0])]
        return (
            f"{count_words(int((~even).sum()), 'slice lies', 'slices lie')} between the places of the others "
            f"({Path(first.path).name} first): take out what does not belong to the series."
        )
    return (
        "The slices do not lie evenly, which missing slices do not explain. Take another reconstruction, or read ROIs "
        "away from the uneven places."
    )
