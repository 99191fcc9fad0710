"""Where a nodule's points are, and how they were found."""

from __future__ import annotations

from collections.abc import Mapping

from csfnet_bundle.inputs.matching import MATCH_KEY
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.records.pair import MATCHED


def point_words(pair: FollowUpPair) -> dict[str, str]:
    """Return, by scan, its point with its space and where it comes from."""
    return {name: _words(scan) for name, scan in (("t0", pair.t0), ("t1", pair.t1)) if scan is not None}


def _words(scan: Scan) -> str:
    if scan.point is None:
        return "found from t1's point when the scan was read"
    unit = "" if scan.point.space == "voxel" else " mm"
    place = ", ".join(f"{value:.1f}" for value in scan.point.coordinates).replace("-", "\N{MINUS SIGN}")
    where = f"{place} ({scan.point.space}{unit})"
    if scan.point_source != MATCHED:
        return f"{where}, given"
    figures = scan.extra.get(MATCH_KEY)
    votes = ""
    if isinstance(figures, Mapping) and "votes" in figures:
        votes = f" ({figures['votes']} of 8 neighbours agree within {figures.get('spread_mm', 0):.1f} mm)"
    return f"{where}, matched automatically from t1's point{votes}, not confirmed"
