"""Whether the days between two scans, as somebody gave them, can be right beside the study dates."""

from __future__ import annotations

from datetime import date

from csfnet_bundle.records import FollowUpPair

FARTHEST_RATIO = 1.5
"""Dates that keep the year alone, as NLST's, are off by less than this where screens lie a year apart."""


def interval_findings(pair: FollowUpPair) -> list[str]:
    """Return what there is to say of a record's own interval beside its dates."""
    if pair.t0 is None or pair.interval_days is None:
        return []
    doubt = interval_doubt(pair.interval_days, pair.t0.day, pair.t1.day)
    return [doubt] if doubt else []


def interval_doubt(days: float, before: date | None, after: date | None) -> str:
    """Return a sentence where an interval is far from the one between the study dates, else nothing.

    Args:
        days: between the scans, as given.
        before: StudyDate of the earlier scan; None where unknown.
        after: the same of the later scan.
    """
    if before is None or after is None or before == after:
        return ""
    between = (after - before).days
    if between > 0 and 1 / FARTHEST_RATIO <= days / between <= FARTHEST_RATIO:
        return ""
    return (
        f"the interval is given as {days:g} days, the study dates are {between} days apart: one of them is wrong, or "
        "the dates were shifted to hide the patient"
    )
