"""Making sure that copies of a slice that were dropped really are copies."""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.pixels import encoded_pixels
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
