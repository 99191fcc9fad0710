"""Choosing one series of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.derivation import is_described_as_computed
from csfnet_bundle.scans.dicom.kernels import kernel_sharpness
from csfnet_bundle.scans.dicom.series import Series
from csfnet_bundle.scans.dicom.tags import CT_MODALITY
from csfnet_bundle.scans.dicom.tolerances import LOCALIZER_DEGREES, THICKNESS_STEP_MM

CHOSEN_BY_RULE, PASSED_OVER = "Chosen by the rule", "Passed over"
"""How the findings begin that say what was chosen, and from what."""

MOST_CANDIDATES_TOLD = 24
"""Candidates that a message lists: twice the phases of a respiratory-gated scan."""


@dataclass(frozen=True)
class SelectionRule:
    """A named order of preference among the reconstructions of a study.

    Attributes:
        name: how findings and reports call it.
        key: sorts the best first; two series with equal keys are ambiguous.
        leading: how many numbers of the key count before two scans of a pair are made to agree in their kernel.
    """

    name: str
    key: Callable[[Series], tuple[float, ...]]
    leading: int = 1


def _original_thinnest_soft_most(series: Series) -> tuple[float, ...]:
    thickness = series.slice_thickness
    if thickness is None:
        thickness = series.stack.step if series.refusal is None else float("inf")
    steps = round(thickness / THICKNESS_STEP_MM) if thickness != float("inf") else thickness
    return (
        series.derivation + is_described_as_computed(series.description) / 2,
        not _is_axial(series),
        steps,
        kernel_sharpness(series.kernel, series.manufacturer),
        -len(series.instances),
    )


def _is_axial(series: Series) -> bool:
    """Whether the slices lie across the body; others are copies where there are such."""
    orientation = series.first.orientation
    if orientation is None:
        return False
    normal = np.cross(orientation[:3], orientation[3:])
    return bool(abs(normal[2]) > np.cos(np.radians(LOCALIZER_DEGREES)))


THINNEST_SOFT_MOST = SelectionRule(
    "original before derived, axial before other planes, thinnest slices, then softest kernel, then most slices",
    _original_thinnest_soft_most,
    leading=3,
)
"""The bundle's rule: original slices hold what was measured, thin ones resolve small nodules, soft kernels keep noise
low, more slices cover more."""


def select_series(
    series: Sequence[Series], uid: str | None = None, rule: SelectionRule | None = THINNEST_SOFT_MOST
) -> Series:
    """Choose the series asked for, or the one that the rule picks.

    Series that headers already refuse (localizers, other modalities, gaps) are passed over as long as one is left.
    Projections, reformatted copies and maps are taken only if asked for.

    Args:
        series: what :func:`csfnet_bundle.scans.dicom.scan_folder` found.
        uid: SeriesInstanceUID of the series asked for, or the whole name of one of several that share it.
        rule: how to choose among several reconstructions of one study; None to refuse instead.

    Returns:
        The series; its findings say what it was chosen from.

    Raises:
        Refusal: SERIES_NOT_FOUND, AMBIGUOUS_SERIES (several patients or studies, no rule, or the rule finds two
            equally good), DERIVED_SERIES (nothing but projections, reformatted copies or maps), NO_DICOM (nothing to
            choose from).
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
    asked = [item for item in series if uid is None or uid in (item.uid, item.name)]
    if not asked:
        raise Refusal(
            RefusalCode.SERIES_NOT_FOUND,
            f"series {uid} is not among the {len(series)} series found",
            series=uid or "",
            figures={"found": [item.name for item in series]},
            remedy="Correct the series_uid, or leave it out to let the rule choose.",
        )
    usable = [item for item in asked if item.refusal is None]
    plain = usable if len(usable) == 1 and uid is not None else [item for item in usable if item.derivation.is_plain]
    if usable and not plain:
        raise _only_derived(usable)
    candidates = plain or [item for item in asked if item.modality == CT_MODALITY and item.instances] or asked
    for what, values in (
        ("patients", {item.patient_id for item in candidates}),
        ("studies", {item.study_uid for item in candidates}),
    ):
        if len(values) > 1:
            raise ambiguous(candidates, f"series of {len(values)} {what}")
    return [_with_others(item, series, candidates, is_asked_for=uid is not None) for item in candidates]


def _with_others(
    chosen: Series, found: Sequence[Series], candidates: Sequence[Series], *, is_asked_for: bool
) -> Series:
    """Return a candidate with what else there is in its study, and a finding about CT slices that were passed over."""
    others, passed_over = [], []
    for item in found:
        is_candidate = any(item is other for other in candidates)
        if item is chosen or item.modality != CT_MODALITY or not item.instances or item.study_uid != chosen.study_uid:
            continue
        refusal = None if is_candidate else item.refusal
        reason = "" if item.derivation.is_plain else f" ({item.derivation})"
        others.append(f"{describe(item)}{f' ({refusal.code})' if refusal else reason}")
        if refusal or (reason and not is_candidate):
            passed_over.append(others[-1])
    chosen = replace(chosen, others=tuple(sorted(others)))
    if is_asked_for or not passed_over:
        return chosen
    return with_finding(chosen, f"{PASSED_OVER}: {'; '.join(sorted(passed_over))}.")


def _only_derived(usable: Sequence[Series]) -> Refusal:
    return Refusal(
        RefusalCode.DERIVED_SERIES,
        f"only computed series ({', '.join(sorted({str(item.derivation) for item in usable}))}): " + _listed(usable),
        series=usable[0].uid,
        figures={"candidates": [item.name for item in usable]},
        remedy="Give the scanner's own axial series; to read one of these nevertheless, name it by its series_uid.",
    )


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
    return with_finding(ranked[0], f"{CHOSEN_BY_RULE} ({rule.name}): {describe(ranked[0])}; not {others}.")


def with_finding(series: Series, finding: str) -> Series:
    """Return the series with one more finding."""
    return replace(series, findings=(*series.findings, finding))


def describe(series: Series) -> str:
    """Return a few words that tell a reconstruction from the others."""
    thickness = "thickness unknown" if series.slice_thickness is None else f"{series.slice_thickness:g} mm"
    words = f"{len(series.instances)} slices of {thickness}, {series.image_type or 'no ImageType'}, kernel "
    described = f"'{series.description}', " if series.description else ""
    return f"{described}{words}{series.kernel or 'unknown'}"


def ambiguous(candidates: Sequence[Series], what: str) -> Refusal:
    """Return the refusal that names the candidates."""
    return Refusal(
        RefusalCode.AMBIGUOUS_SERIES,
        f"{what}: {_listed(candidates)}",
        figures={"candidates": [item.name for item in candidates], "count": len(candidates)},
        remedy="Name the one to read by the name that stands before its description (series_uid in a datalist, "
        "--series0 and --series1 of predict).",
    )


def _listed(candidates: Sequence[Series]) -> str:
    told = "; ".join(
        f"{item.name} ({describe(item)}{_number_and_time(item)})" for item in candidates[:MOST_CANDIDATES_TOLD]
    )
    more = len(candidates) - MOST_CANDIDATES_TOLD
    return f"{told}; and {more} more" if more > 0 else told


def _number_and_time(series: Series) -> str:
    """Return SeriesNumber, date and time, as far as the files give them."""
    first, words = series.first, ""
    if first.series_number:
        words += f", series {first.series_number}"
    if series.study_date:
        words += f", {series.study_date}"
    if first.series_time:
        words += f" {first.series_time[:6]}"
    return words
