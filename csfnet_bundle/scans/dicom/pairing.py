"""Two series as a follow-up pair: whether they are one, and which reconstructions go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import product

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.kernels import kernel_sharpness
from csfnet_bundle.scans.dicom.selection import (
    CHOSEN_BY_RULE,
    THINNEST_SOFT_MOST,
    SelectionRule,
    ambiguous,
    candidate_series,
    describe,
    with_finding,
)
from csfnet_bundle.scans.dicom.series import Series


def check_pair(t0: Series, t1: Series, interval_days: float | None = None) -> float:
    """Check that two series are scans of one patient, the earlier first.

    Args:
        t0: the earlier scan.
        t1: the later one.
        interval_days: days between them as somebody knows them; they stand for study dates that de-identification
            removed, or made equal.

    Returns:
        Days between the study dates (in NLST the dates are fictitious, and so are these days), or ``interval_days``
        where :func:`dates_say_nothing`.

    Raises:
        Refusal: PAIR_MISMATCH, saying which condition fails.
    """
    figures: dict[str, object] = {
        "patient_ids": [t0.patient_id, t1.patient_id],
        "study_dates": [t0.study_date, t1.study_date],
        "study_uids": [t0.study_uid, t1.study_uid],
        "series_uids": [t0.uid, t1.uid],
    }

    def mismatch(problem: str, remedy: str) -> Refusal:
        return Refusal(RefusalCode.PAIR_MISMATCH, problem, series=t1.uid, figures=figures, remedy=remedy)

    if not t0.patient_id or not t1.patient_id:
        which = "t0" if not t0.patient_id else "t1"
        raise mismatch(f"{which} has no PatientID", "Nothing shows that the scans are of one patient: restore it.")
    if t0.patient_id != t1.patient_id:
        raise mismatch(
            f"the patients differ: {t0.patient_id!r} at t0, {t1.patient_id!r} at t1", "Give two scans of one patient."
        )
    if t0.uid == t1.uid:
        raise mismatch(f"t0 and t1 are the same series {t0.uid}", "Give two scans.")
    if t0.study_uid == t1.study_uid:
        raise mismatch(f"t0 and t1 are of the same study {t0.study_uid}", "Give scans of two studies.")
    shared = t0.sop_uids & t1.sop_uids
    if shared:
        raise mismatch(f"t0 and t1 share {len(shared)} instances, {min(shared)} first", "Give two different scans.")
    if dates_say_nothing(t0, t1) and interval_days is not None and interval_days > 0:
        return interval_days
    days = (_day(t1, "t1", mismatch) - _day(t0, "t0", mismatch)).days
    if days <= 0:
        raise mismatch(
            f"t0 ({t0.study_date}) is not before t1 ({t1.study_date})",
            "Exchange them." if days < 0 else f"Give scans of two days. {_SAY_THE_INTERVAL}",
        )
    return days


_SAY_THE_INTERVAL = "If de-identification changed the dates, say how many days lie between the scans (interval_days)."


def dates_say_nothing(t0: Series, t1: Series) -> bool:
    """Whether the study dates do not tell which scan is earlier: one is missing or no date, or both are the same."""
    days = [valid_date(series.study_date) for series in (t0, t1)]
    return None in days or days[0] == days[1]


def valid_date(text: str) -> date | None:
    """Return the day of YYYYMMDD, None if it is no date."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def select_pair(
    series0: Sequence[Series],
    series1: Sequence[Series],
    uid0: str | None = None,
    uid1: str | None = None,
    rule: SelectionRule | None = THINNEST_SOFT_MOST,
    *,
    interval_days: float | None = None,
) -> tuple[Series, Series]:
    """Choose the series of t0 and of t1, by one rule and with the same kernel where there is a choice.

    The leading criteria of the rule (original, axial, thickness) count first; then pairs of one kernel come before
    pairs of one sharpness, and those before the others; then the rest of the rule. A change of kernel changes a
    nodule's edge and density, and a network could take it for growth.

    Args:
        series0: the series found for t0.
        series1: the series found for t1.
        uid0: SeriesInstanceUID asked for at t0.
        uid1: SeriesInstanceUID asked for at t1.
        rule: as for :func:`csfnet_bundle.scans.dicom.select_series`.
        interval_days: as for :func:`check_pair`.

    Returns:
        The two series, with findings that say what was chosen and whether the kernels agree.

    Raises:
        Refusal: as :func:`csfnet_bundle.scans.dicom.select_series` and :func:`check_pair`.
    """
    candidates0, candidates1 = candidate_series(series0, uid0), candidate_series(series1, uid1)
    pairs = list(product(candidates0, candidates1))
    if len(pairs) > 1 and rule is None:
        raise ambiguous(candidates0 if len(candidates0) > 1 else candidates1, "several series and no rule")
    if rule is not None and len(pairs) > 1:
        keys = [_pair_key(t0, t1, rule) for t0, t1 in pairs]
        best = [pair for pair, key in zip(pairs, keys, strict=True) if key == min(keys)]
        if len(best) > 1:
            same_t0 = all(pair[0] is best[0][0] for pair in best)
            raise ambiguous(
                [pair[1 if same_t0 else 0] for pair in best], f"pairs of series equally good by the rule ({rule.name})"
            )
        pairs = best
    ((t0, t1),) = pairs
    check_pair(t0, t1, interval_days)
    common = []
    if _kernel(t0) != _kernel(t1):
        common.append(f"The kernels differ: {t0.kernel or 'unknown'} at t0, {t1.kernel or 'unknown'} at t1.")
    if dates_say_nothing(t0, t1):
        common.append(
            f"The study dates ({t0.study_date or 'none'}, {t1.study_date or 'none'}) do not tell which scan is "
            "earlier: that t0 is, and by how many days, is taken from whoever named them."
        )
    chosen = []
    for series, candidates in ((t0, candidates0), (t1, candidates1)):
        found = series
        if rule is not None and len(candidates) > 1:
            others = "; ".join(sorted(describe(item) for item in candidates if item is not series))
            found = with_finding(
                found, f"{CHOSEN_BY_RULE} ({rule.name}; one kernel for both): {describe(series)}; not {others}."
            )
        for finding in common:
            found = with_finding(found, finding)
        chosen.append(found)
    return chosen[0], chosen[1]


def _pair_key(t0: Series, t1: Series, rule: SelectionRule) -> tuple[float, ...]:
    key0, key1 = rule.key(t0), rule.key(t1)
    if _kernel(t0) == _kernel(t1):
        difference = 0
    elif kernel_sharpness(t0.kernel, t0.manufacturer) == kernel_sharpness(t1.kernel, t1.manufacturer):
        difference = 1
    else:
        difference = 2
    leading = rule.leading
    return *key0[:leading], *key1[:leading], difference, *key0[leading:], *key1[leading:]


def _kernel(series: Series) -> str:
    return series.kernel.upper().strip()


def _day(series: Series, name: str, mismatch: Callable[[str, str], Refusal]) -> date:
    day = valid_date(series.study_date)
    if day is None:
        raise mismatch(
            f"{name} has no valid study date ({series.study_date!r})",
            f"Nothing shows which scan is earlier: restore it. {_SAY_THE_INTERVAL}",
        )
    return day
