"""``measure``: measure a nodule in one scan or two, or all nodules of a datalist."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from csfnet_bundle.commands.options import NodulePoint, Pixel, SpaceName


def measure(
    datalist: Path | None = None,
    scan: Path | None = None,
    point: NodulePoint | None = None,
    space: SpaceName | None = None,
    image: int | None = None,
    pixel: Pixel | None = None,
    t0: Path | None = None,
    point0: NodulePoint | None = None,
    image0: int | None = None,
    pixel0: Pixel | None = None,
    days: float | None = None,
    out: Path | None = None,
    workers: int | None = None,
) -> int:
    r"""Measure a nodule: volume, diameters, density, type, flags; of two scans also growth with limits of error.

    With a DATALIST, every nodule's measured values are written to its strata; interrupted, the same command goes on.

    Args:
        datalist: a datalist or its folder, instead of a scan.
        scan: folder of DICOM files or a .zip of them, or a NIfTI or MetaImage file; of two scans the later one.
        point: the nodule's centre in it: three numbers, or a Slicer markups file (.mrk.json, .fcsv).
        space: of the numbers: LPS, RAS (mm) or voxel.
        image: instead of the point, the number of an image (InstanceNumber).
        pixel: column,row in that image, counted from 0.
        t0: the earlier scan.
        point0: the nodule's centre in it.
        image0: instead of point0, the number of an image of t0.
        pixel0: column,row in that image.
        days: between the scans; by default from their study dates.
        out: folder to make for JSON, the mask as NIfTI, and a picture.
        workers: processes for a datalist; by default one for each processor.

    Examples:
        csfnet measure data/cohort
        csfnet measure --scan ct1 --point 56.2,86.3,-115.9 --t0 ct0 --point0=55,85.1,-117 \
            --space LPS --out output/nodule
    """
    from csfnet_bundle.cohorts.measured_strata import measure_datalist
    from csfnet_bundle.core.errors import BundleError
    from csfnet_bundle.inputs.archive import unpacked
    from csfnet_bundle.inputs.given_point import given_point
    from csfnet_bundle.records import load_datalist
    from csfnet_bundle.report.measuring import MeasuringRequest, measure_and_show

    if datalist is not None:
        if scan is not None or t0 is not None:
            raise BundleError("both a datalist and a scan are given", remedy="Give one of them.")
        refused = measure_datalist(load_datalist(datalist), workers)
        for name, reason in refused.items():
            print(f"not measured: {name}: {reason}", file=sys.stderr)
        return 1 if refused else 0
    place = given_point(point, space, image=image, pixel=pixel)
    if scan is None or place is None:
        raise BundleError("nothing to measure", remedy="Give --scan and --point, or a datalist.")
    place0 = given_point(point0, space, image=image0, pixel=pixel0, name="point0")
    if (t0 is None) != (place0 is None):
        raise BundleError("of the earlier scan only one of --t0 and --point0 is given", remedy="Give both.")
    if days is not None and t0 is None:
        raise BundleError(
            "is given for one scan", record="--days", remedy="Give the earlier scan by --t0 and --point0."
        )
    with ExitStack() as stack:
        later, earlier = (None if path is None else stack.enter_context(unpacked(path)) for path in (scan, t0))
        assert later is not None
        before = None if earlier is None or place0 is None else (earlier, place0)
        measure_and_show(MeasuringRequest(later, place, before, days, out))
    return 0
