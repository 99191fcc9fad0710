"""Choosing one series of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.kernels import kernel_sharpness
from csfnet_bundle.scans.dicom.series import Series
from csfnet_bundle.scans.dicom.tags import CT_MODALITY
from csfnet_bundle.scans.dicom.tolerances import THICKNESS_STEP_MM


@dataclass(frozen=True)
class SelectionRule:
    """A named order of preference among the reconstructions of a study.

    Attributes:
        name: how findings and reports call it.
        key: sorts the best first; two series with equal keys are ambiguous.
    """

    name: str
    key: Callable[[Series], tuple[float, ...]]


def _thinnest_soft_most(series: Series) -> tuple[float, ...]:
    thickness = series.slice_thickness
    if thickness is None:
        thickness = series.stack.step if series.refusal is None else float("inf")
    steps = round(thickness / THICKNESS_STEP_MM) if thickness != float("inf") else thickness
    return steps, kernel_sharpness(series.kernel, series.manufacturer), -len(series.instances)


THINNEST_SOFT_MOST = SelectionRule("thinnest slices, then softest kernel, then most slices", _thinnest_soft_most)
"""The bundle's rule: thin slices resolve small nodules, soft kernels keep noise low, more slices cover more."""


def select_series(
    series: Sequence[Series], uid: str | None = None, rule: SelectionRule | None = THINNEST_SOFT_MOST
) -> Series:
    """Choose the series asked for, or the one that the rule picks.

    Series that headers already refuse (localizers, other modalities, gaps) are passed over as long as one is left.

    Args:
        series: what :func:`csfnet_bundle.scans.dicom.scan_folder` found.
        uid: SeriesInstanceUID of the series asked for.
        rule: how to choose among several reconstructions of one study; None to refuse instead.

    Returns:
        The series; its findings say what it was chosen from.

    Raises:
        Refusal: SERIES_NOT_FOUND, AMBIGUOUS_SERIES (several patients or studies, no rule, or the rule finds two
            equally good), NO_DICOM (nothing to choose from).
    """
    candidates = candidate_series(series, uid)
    if len(candidates) == 1:
        return candidates[0]
    return pick_by_rule(candidates, rule)


def candidate_series(series: Sequence[Series], uid: str | None = None) -> list[Series]:
    """Return the series that may be meant: those of ``uid``, or all usable ones, of one study.

    Raises:
        Refusal: as :func:`select_series`.
    """
    if not series:
        raise Refusal(RefusalCode.NO_DICOM, "no series to choose from", remedy="Give the folder of the DICOM files.")
    asked = [item for item in series if uid is None or item.uid == uid]
    if not asked:
        raise Refusal(
            RefusalCode.SERIES_NOT_FOUND,
            f"series {uid} is not among the {len(series)} series found",
            series=uid or "",
            figures={"found": [item.uid for item in series]},
            remedy="Correct the series_uid, or leave it out to let the rule choose.",
        )
    usable = _usable(asked)
    candidates = usable or [item for item in asked if item.modality == CT_MODALITY and item.instances] or asked
    for what, values in (
        ("patients", {item.patient_id for item in candidates}),
        ("studies", {item.study_uid for item in candidates}),
    ):
        if len(values) > 1:
            raise ambiguous(candidates, f"series of {len(values)} {what}")
    return candidates


def _usable(asked: Sequence[Series]) -> list[Series]:
    """Return the series that headers do not refuse, with a finding about the CT slices that were passed over."""
    usable, passed_over = [], []
    for item in asked:
        refusal = item.refusal
        if refusal is None:
            usable.append(item)
        elif item.modality == CT_MODALITY and item.instances:
            passed_over.append(f"{describe(item)} ({refusal.code})")
    if not passed_over:
        return usable
    finding = f"Passed over, as they cannot be read whole: {'; '.join(sorted(passed_over))}."
    return [with_finding(item, finding) for item in usable]


def pick_by_rule(candidates: Sequence[Series], rule: SelectionRule | None) -> Series:
    """Return the best of the candidates, with a finding that says so.

    Raises:
        Refusal: AMBIGUOUS_SERIES without a rule, or if it finds two equally good.
    """
    if rule is None:
        raise ambiguous(candidates, f"{len(candidates)} series")
    ranked = sorted(candidates, key=rule.key)
    best = rule.key(ranked[0])
    equal = [item for item in ranked if rule.key(item) == best]
    if len(equal) > 1:
        raise ambiguous(equal, f"{len(equal)} series equally good by the rule ({rule.name})")
    others = "; ".join(describe(item) for item in ranked[1:])
    return with_finding(ranked[0], f"Chosen by the rule ({rule.name}): {describe(ranked[0])}; not {others}.")


def with_finding(series: Series, finding: str) -> Series:
    """Return the series with one more finding."""
    return replace(series, findings=(*series.findings, finding))


def describe(series: Series) -> str:
    """Return a few words that tell a reconstruction from the others."""
    thickness = "thickness unknown" if series.slice_thickness is None else f"{series.slice_thickness:g} mm"
    return f"{len(series.instances)} slices of {thickness}, kernel {series.kernel or 'unknown'}"


def ambiguous(candidates: Sequence[Series], what: str) -> Refusal:
    """Return the refusal that names the candidates."""
    return Refusal(
        RefusalCode.AMBIGUOUS_SERIES,
        f"{what}: " + "; ".join(f"{item.uid} ({describe(item)})" for item in candidates[:6]),
        figures={"candidates": [item.uid for item in candidates], "count": len(candidates)},
        remedy="Name the series to read by its SeriesInstanceUID (series_uid).",
    )
