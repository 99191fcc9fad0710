"""Measuring one scan or two and showing what came out: a table on the terminal, and files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder, require_new
from csfnet_bundle.inputs.given_point import GivenPoint, place_in
from csfnet_bundle.inputs.interval import interval_doubt
from csfnet_bundle.inputs.pair_reader import check_two_files, check_two_scans
from csfnet_bundle.nodule.growth import Growth, growth
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.nodule.pair import volume_doubt
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.report.measurement_files import write_growth, write_measurement
from csfnet_bundle.report.measurement_words import type_words
from csfnet_bundle.report.words import NOT_A_DEVICE
from csfnet_bundle.scans.dicom.pairing import valid_date
from csfnet_bundle.scans.scan import OpenedScan, open_pair, open_scan

TABLE_WIDTH = 100


@dataclass(frozen=True)
class MeasuringRequest:
    """What to measure.

    Attributes:
        scan: path of the scan, of two the later.
        point: the nodule's centre in it.
        before: path and point of the earlier scan; None for one scan.
        days: between the scans; None: from their study dates.
        out: folder for files; None: none are written.
    """

    scan: Path
    point: GivenPoint
    before: tuple[Path, GivenPoint] | None = None
    days: float | None = None
    out: Path | None = None


def measure_and_show(request: MeasuringRequest) -> None:
    """Measure, print a table, and write the files asked for.

    Raises:
        Refusal: a scan that cannot be read, no nodule at a point, or one scan given twice.
        BundleError: the folder for files is there already, two scans without dates and without ``days``, or an image
            number that is none of the scan's.
    """
    if request.out is not None:
        require_new(request.out)
    if request.before is None:
        names, scans = ["scan"], [open_scan(request.scan)]
        points = [place_in(request.point, scans[0].series, request.scan)]
    else:
        path0, point0 = request.before
        names, scans = ["t0", "scan"], list(open_pair(path0, request.scan))
        points = [
            place_in(point0, scans[0].series, path0, "point0"),
            place_in(request.point, scans[1].series, request.scan),
        ]
    interval = None if request.before is None else _interval(scans[0], scans[1], request.days)
    if request.days is not None:
        dates = [None if scan.series is None else valid_date(scan.series.study_date) for scan in scans]
        if doubt := interval_doubt(request.days, *dates):
            print(f"warning: {doubt}", file=sys.stderr)
    measured = [
        measure(scan, point, clicks=request.before is not None, record=name)
        for name, scan, point in zip(names, scans, points, strict=True)
    ]
    if len(measured) > 1:
        check_two_scans(*(one.cube.hu for one in measured))  # a series stored twice
        check_two_files(scans[0], scans[1], scans[1].read_roi(points[1]))
    change = None if interval is None else growth(measured[0], measured[1], interval)
    _show(names, measured, change)
    if request.out is not None:
        with atomic_folder(request.out) as folder:
            for name, scan, point, one in zip(names, scans, points, measured, strict=True):
                x, y, z = (float(value) for value in scan.lps(point))
                write_measurement(folder, name, one, (x, y, z))
            if change is not None:
                write_growth(folder, change)


def _interval(before: OpenedScan, after: OpenedScan, days: float | None) -> float:
    if days is not None:
        return float(days)
    told = [None if scan.series is None else scan.series.study_date for scan in (before, after)]
    first, second = (valid_date(date or "") for date in told)
    if first is None or second is None:
        raise BundleError(
            f"the study dates are {told[0] or 'unknown'} and {told[1] or 'unknown'}",
            remedy="Give the days between the scans by --days.",
        )
    return float((second - first).days)


def _show(names: Sequence[str], measured: Sequence[Measurement], change: Growth | None) -> None:
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH, highlight=False)
    table = Table("", *names)
    rows = {
        "volume, mm³": [f"{one.volume_mm3:.0f} ({one.method})" for one in measured],
        "sphere of that volume, mm": [f"{one.equivalent_diameter_mm:.1f}" for one in measured],
        "long x short axis, mm": [f"{one.long_axis_mm:.1f} x {one.short_axis_mm:.1f}" for one in measured],
        "mean diameter, mm": [f"{one.mean_diameter_mm:.1f}" for one in measured],
        "type, by its core": [type_words(one) for one in measured],
        "mean HU with the rim": [f"{one.mean_hu:.0f}" for one in measured],
        "by method, mm³": [", ".join(f"{m} {v:.0f}" for m, v in one.volumes_mm3.items()) for one in measured],
        "flags": ["\n".join(flag.text for flag in one.flags) or "none" for one in measured],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)
    if change is not None:
        console.print(change.text)
        doubt = volume_doubt(dict(zip(names, measured, strict=True)))
        if doubt:
            console.print(doubt)
    console.print(NOT_A_DEVICE)
