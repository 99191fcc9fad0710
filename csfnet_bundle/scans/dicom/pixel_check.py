"""The checks that need pixels: of dropped copies of a slice, and of a whole series without keeping its voxels."""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.pixels import encoded_pixels, read_stored
from csfnet_bundle.scans.dicom.plausibility import HounsfieldCheck
from csfnet_bundle.scans.dicom.series import Series


def check_copies(series: Series, instances: Sequence[Instance]) -> None:
    """Compare the encoded pixels of the given slices with those of their dropped copies.

    Raises:
        Refusal: DUPLICATE_POSITION if they differ: two images claim one place, and nothing says which is right.
    """
    if not series.duplicates:
        return
    wanted = {id(item) for item in instances}
    for kept, copy in series.duplicates:
        if id(kept) in wanted and encoded_pixels(kept, series.uid) != encoded_pixels(copy, series.uid):
            raise Refusal(
                RefusalCode.DUPLICATE_POSITION,
                f"two files have the same SOPInstanceUID ({kept.sop_uid}) and different pixels",
                series=series.uid,
                figures={"files": sorted((kept.path, copy.path)), "sop_uid": kept.sop_uid},
                remedy="Keep the right one of the two.",
            )


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
