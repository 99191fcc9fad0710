"""What matches and ROIs need of a patient's series, fetched into hollow series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from csfnet_bundle.cohorts.nlst.hollow_series import HollowSeries
from csfnet_bundle.cohorts.nlst.object_ranges import UNREACHABLE, Bucket
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiCache, locate_pair, read_pair
from csfnet_bundle.inputs.matching import Matcher
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.roi import RoiPlan, plan_roi
from csfnet_bundle.scans.match_parts import Part, match_by_parts
from csfnet_bundle.scans.registration import Match
from csfnet_bundle.scans.scan import OpenedScan


def fetch_headers(hollow: dict[str, HollowSeries], bucket: Bucket) -> dict[str, BundleError]:
    """Fetch the headers of all series; return what is wrong with some, by SeriesInstanceUID."""
    broken = {}
    for uid, series in hollow.items():
        try:
            series.fetch_headers(bucket)
        except BundleError as error:
            if UNREACHABLE in error.problem:
                raise
            broken[uid] = error
    return broken


def matcher(hollow: Mapping[str, HollowSeries], bucket: Bucket) -> Matcher:
    """Return what finds places in t0: it completes the slices that it reads."""

    def match(scan0: OpenedScan, scan1: OpenedScan, point1: Point) -> Match:
        def fetch(part: Part, *, whole: bool) -> OpenedScan:
            series = part.series
            if series.uid in hollow and (whole or part.grid is None):
                instances = series.check_volume().instances
                hollow[series.uid].fetch_slices(bucket, series, [instances[k] for k in part.numbers])
            elif series.uid in hollow and part.grid is not None:
                center = Point(part.grid.center, Space.LPS)
                hollow[series.uid].fetch_rows(
                    bucket, series, plan_roi(series, center, part.grid.size, part.grid.spacing)
                )
            return scan0 if part.scan == "t0" else scan1

        try:
            return match_by_parts(scan0, scan1, point1, partial(fetch, whole=False))
        except Refusal as refusal:
            if refusal.code is not RefusalCode.NOT_HU:
                raise
        return match_by_parts(scan0, scan1, point1, partial(fetch, whole=True))  # as whole slices say

    return match


def is_hu(pair: FollowUpPair, out: Path, cache: RoiCache) -> bool:
    """Say whether the rows that were fetched pass for HU; where they do not, whole slices decide."""
    for settings in (cache.settings_with_margin, cache.settings):  # as the store tries them
        try:
            read_pair(pair, out, settings)
            return True
        except Refusal as refusal:
            if refusal.code is RefusalCode.NOT_HU:
                return False
    return True


def fetch_rows(pair: FollowUpPair, out: Path, hollow: dict[str, HollowSeries], cache: RoiCache, bucket: Bucket) -> None:
    """Fetch what the ROIs need of the series that their reader will choose."""
    for series, found, plan in _plans(pair, out, hollow, cache):
        series.fetch_rows(bucket, found, plan)


def fetch_slices(
    pair: FollowUpPair, out: Path, hollow: dict[str, HollowSeries], cache: RoiCache, bucket: Bucket
) -> None:
    """Complete the slices of the same."""
    for series, found, plan in _plans(pair, out, hollow, cache):
        series.fetch_slices(bucket, found, plan.instances)


def _plans(
    pair: FollowUpPair, out: Path, hollow: dict[str, HollowSeries], cache: RoiCache
) -> Iterator[tuple[HollowSeries, Series, RoiPlan]]:
    for located in locate_pair(pair, out):
        if located is None or located.series is None or located.scan.series_uid not in hollow:
            continue
        series, point = located.series, located.scan.known_point
        wide, narrow = cache.settings_with_margin, cache.settings
        try:
            plan = plan_roi(series, point, wide.size, wide.spacing)
        except Refusal:
            plan = plan_roi(series, point, narrow.size, narrow.spacing)  # the reader leaves the margin out too
        yield hollow[located.scan.series_uid], series, plan
