"""The nodule's point in t0, where a record has none: found from its point in t1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.geometry import Point
from csfnet_bundle.records import Scan
from csfnet_bundle.records.pair import GIVEN, MATCHED
from csfnet_bundle.scans.point_check import check_points
from csfnet_bundle.scans.registration import Match, match_point
from csfnet_bundle.scans.scan import OpenedScan

MATCHING_VERSION = 2
"""Goes up when a change of the matching changes the places it finds: cached ROIs of before are then not used."""

Matcher = Callable[[OpenedScan, OpenedScan, Point], Match]
"""Finds a point of t1 in t0: :func:`csfnet_bundle.scans.registration.match_point`, or what fetches the slices too."""

MATCH_KEY = "match"
"""Key of a scan's record under which a match keeps its votes, spread and findings."""
ABSENT = "absent"
"""Key in it: whether t0 shows nothing like the nodule."""


@share("match")
def matched_scan(
    scan: Scan, scan0: OpenedScan, scan1: OpenedScan, point1: Point, matcher: Matcher = match_point
) -> Scan:
    """Return t0's record with the point that was found for it.

    Args:
        scan: t0's record, without a point.
        scan0: t0.
        scan1: t1.
        point1: the nodule's centre in t1.
        matcher: finds it.

    Raises:
        Refusal: as :func:`csfnet_bundle.scans.registration.match_point`.
    """
    match = matcher(scan0, scan1, point1)
    figures = {
        "votes": match.votes,
        "spread_mm": round(match.spread, 3),
        ABSENT: match.absent,
        "findings": list(match.findings),
    }
    return replace(scan, point=match.point0, point_source=MATCHED, extra={**scan.extra, MATCH_KEY: figures})


@share("check")
def checked_scan(scan: Scan, scan0: OpenedScan, scan1: OpenedScan, point1: Point) -> Scan:
    """Return t0's record, whose point was given, with what speaks against its points.

    Scans that cannot be read whole (a gap away from the nodule) are not checked: whether the ROIs can be read is for
    the reader to say.
    """
    try:
        found = check_points(scan0, scan1, scan.known_point, point1)
    except Refusal:
        found = ()
    extra = {**scan.extra, MATCH_KEY: {"findings": list(found)}} if found else scan.extra
    return replace(scan, point_source=scan.point_source or GIVEN, extra=extra)


def shows_nothing(scan: Scan) -> bool:
    """Say whether matching found nothing like the nodule at the scan's point."""
    figures = scan.extra.get(MATCH_KEY)
    return isinstance(figures, Mapping) and figures.get(ABSENT) is True


def match_findings(scan: Scan) -> tuple[str, ...]:
    """Return what matching or checking a scan's point had to say."""
    figures = scan.extra.get(MATCH_KEY)
    return tuple(map(str, figures.get("findings", ()))) if isinstance(figures, Mapping) else ()
