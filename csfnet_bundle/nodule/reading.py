"""From a scan and a point to the measurement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.nodule.cube import cube_grid, cube_of_volume
from csfnet_bundle.nodule.measurement import Measurement, measure_cube
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.scans.scan import OpenedScan


def measure(
    scan: OpenedScan | Volume,
    point: Point,
    *,
    clicks: bool = False,
    network: NoduleNetwork | None = None,
    record: str = "",
) -> Measurement:
    """Measure the nodule at a point of a scan; only the slices around it are read.

    Args:
        scan: an opened scan, or a volume in memory (HU, affine to LPS).
        point: the nodule's centre, in any space; some millimetres off are tolerated.
        clicks: also measure from eight clicks around, which :func:`csfnet_bundle.nodule.growth.growth` needs.
        network: by default the shipped one.
        record: which scan, for errors.

    Raises:
        Refusal: ``POINT_OUTSIDE``, ``NO_NODULE``, or what is in the way of reading the scan.
        BundleError: the network's file is not there.
    """
    if isinstance(scan, Volume):
        return measure_cube(cube_of_volume(scan, point, record), network, clicks=clicks, record=record)
    return measure_place(scan, scan.lps(point, record), clicks=clicks, network=network, record=record)


def measure_place(
    scan: OpenedScan,
    place: NDArray[np.float64],
    *,
    clicks: bool = False,
    network: NoduleNetwork | None = None,
    record: str = "",
) -> Measurement:
    """Measure the nodule at a place that is known in LPS mm, shape (3,).

    A gap elsewhere in the series, which leaves no whole volume, is not in the way.

    Args:
        scan: an opened scan.
        place: the nodule's centre.
        clicks: see :func:`measure`.
        network: by default the shipped one.
        record: which scan, for errors.

    Raises:
        Refusal: as :func:`measure`.
        BundleError: as :func:`measure`.
    """
    x, y, z = (float(value) for value in place)
    block = scan.read_block(cube_grid((x, y, z)))
    cube = cube_of_volume(block, Point((x, y, z), Space.LPS), record)
    return measure_cube(cube, network, clicks=clicks, record=record or scan.name, scanner=_scanner(scan), scan=scan)


def _scanner(scan: OpenedScan) -> str:
    """Return maker and kernel, which tell the scanners of one patient's scans apart; empty where either is unknown."""
    if scan.series is None or not (scan.series.manufacturer and scan.series.kernel):
        return ""
    return f"{scan.series.manufacturer}, {scan.series.kernel}"
