"""``measure``: measure a nodule in one scan or two, or all nodules of a datalist."""

from __future__ import annotations

import sys
from pathlib import Path

from csfnet_bundle.commands.options import Point, SpaceName


def measure(
    datalist: Path | None = None,
    scan: Path | None = None,
    point: Point | None = None,
    space: SpaceName = "LPS",
    t0: Path | None = None,
    point0: Point | None = None,
    days: float | None = None,
    out: Path | None = None,
    workers: int | None = None,
) -> int:
    r"""Measure a nodule: volume, diameters, density, type, flags; of two scans also growth with limits of error.

    With a DATALIST, every nodule's measured values are written to its strata; interrupted, the same command goes on.

    Args:
        datalist: a datalist or its folder, instead of a scan.
        scan: folder of DICOM files, or a NIfTI or MetaImage file; of two scans the later one.
        point: the nodule's centre X,Y,Z in it.
        space: of the points: LPS, RAS (mm) or voxel.
        t0: the earlier scan.
        point0: the nodule's centre in it.
        days: between the scans; by default from their study dates.
        out: folder for JSON, the mask as NIfTI, and a picture.
        workers: processes for a datalist; by default one for each processor.

    Examples:
        csfnet measure data/cohort
        csfnet measure --scan ct1 --point 56.2,86.3,-115.9 --t0 ct0 --point0=55,85.1,-117 \
            --out output/nodule
    """
    from csfnet_bundle.cohorts.measured_strata import measure_datalist
    from csfnet_bundle.core.errors import BundleError
    from csfnet_bundle.records import load_datalist
    from csfnet_bundle.report.measuring import MeasuringRequest, measure_and_show

    if datalist is not None:
        if scan is not None or t0 is not None:
            raise BundleError("both a datalist and a scan are given", remedy="Give one of them.")
        refused = measure_datalist(load_datalist(datalist), workers)
        for name, reason in refused.items():
            print(f"not measured: {name}: {reason}", file=sys.stderr)
        return 0
    if scan is None or point is None:
        raise BundleError("nothing to measure", remedy="Give --scan and --point, or a datalist.")
    if (t0 is None) != (point0 is None):
        raise BundleError("of the earlier scan only one of --t0 and --point0 is given", remedy="Give both.")
    before = None if t0 is None or point0 is None else (Path(t0), point0)
    measure_and_show(MeasuringRequest(Path(scan), point, space, before, days, None if out is None else Path(out)))
    return 0
