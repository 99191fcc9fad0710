"""Reading a whole series."""

from __future__ import annotations

import numpy as np

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.dicom.copies import check_copies
from csfnet_bundle.scans.dicom.pixels import read_stored, to_hu
from csfnet_bundle.scans.dicom.plausibility import HounsfieldCheck
from csfnet_bundle.scans.dicom.series import Series


def read_volume(series: Series, *, rectangular: bool = False, allow_lossy: bool = False) -> Volume:
    """Read a series as one volume.

    Args:
        series: the series.
        rectangular: refuse a sheared stack, for use by what needs voxels that are boxes.
        allow_lossy: read pixels that were compressed with loss.

    Returns:
        HU in ``.array[i, j, k]`` (column, row, slice along the normal), and the true affine to LPS mm, sheared where
        the gantry was tilted.

    Raises:
        Refusal: with the code of what is in the way; see docs/refusals.md.
    """
    stack = series.check_volume(allow_lossy=allow_lossy)
    if rectangular and stack.is_sheared:
        raise Refusal(
            RefusalCode.SHEARED_STACK,
            f"the stack is sheared by {stack.tilt_degrees:.1f} degrees (tilted gantry)",
            series=series.uid,
            figures={"tilt_degrees": stack.tilt_degrees},
            remedy="Read ROIs of it, or resample it through its affine first.",
        )
    check_copies(series, stack.instances)
    columns, rows, slices = stack.shape
    check = HounsfieldCheck()
    values = np.empty((slices, rows, columns), np.float32)
    for hu, stored, instance in zip(values, read_stored(stack.instances, series.uid), stack.instances, strict=True):
        check.add(stored, instance)
        hu[:] = to_hu(stored, instance)
    check.refuse_if_implausible(series.uid)
    return Volume(values.transpose(2, 1, 0), stack.affine(), series.all_findings)
