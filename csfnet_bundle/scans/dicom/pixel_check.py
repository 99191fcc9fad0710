"""The checks that need pixels, on a whole series, without keeping its voxels."""

from __future__ import annotations

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom.copies import check_copies
from csfnet_bundle.scans.dicom.pixels import read_stored
from csfnet_bundle.scans.dicom.plausibility import HounsfieldCheck
from csfnet_bundle.scans.dicom.series import Series

FOUND_BY_PIXELS_ONLY = {
    RefusalCode.DUPLICATE_POSITION: "two files with one SOPInstanceUID whose pixels differ",
    RefusalCode.NOT_HU: "values that cannot be Hounsfield units",
    RefusalCode.UNREADABLE_SLICE: "compressed pixels that do not decode",
}
"""Codes that headers cannot exclude, and what the pixels may show."""


def check_pixels(series: Series, *, allow_lossy: bool = False) -> None:
    """Make every check of :func:`csfnet_bundle.scans.dicom.read_volume`, keeping one slice at a time.

    Raises:
        Refusal: as :func:`csfnet_bundle.scans.dicom.read_volume`.
    """
    stack = series.check_volume(allow_lossy=allow_lossy)
    check_copies(series, stack.instances)
    check = HounsfieldCheck()
    for stored, instance in zip(read_stored(stack.instances, series.uid), stack.instances, strict=True):
        check.add(stored, instance)
    check.refuse_if_implausible(series.uid)
