"""Reading a whole series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.dicom.pixel_check import check_copies
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
    series.check_size()
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


def read_slices(series: Series, numbers: Sequence[int], *, allow_lossy: bool = False) -> Iterator[NDArray[np.float32]]:
    """Yield some slices of a series, HU, each (I, J) = (columns, rows).

    Args:
        series: the series.
        numbers: which, counted along the normal; in this order.
        allow_lossy: read pixels that were compressed with loss.

    Raises:
        Refusal: as :func:`read_volume`; what only pixels show, when the last has been read.
    """
    stack = series.check_volume(allow_lossy=allow_lossy)
    instances = [stack.instances[number] for number in numbers]
    check_copies(series, instances)
    check = HounsfieldCheck()
    slices = read_stored(instances, series.uid)
    for instance in instances:
        stored = next(slices)
        check.add(stored, instance)
        hu = to_hu(stored, instance)
        del stored  # its memory serves the next slice
        yield hu.T
    check.refuse_if_implausible(series.uid)
