"""``check``: whether a folder of DICOM files, or every record of a datalist, can be used."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.core.errors import BundleError


def check(
    path: Path,
    json: bool = False,
    pixels: bool = False,
    one_scan: bool = False,
    follow_links: bool = False,
    checkpoint: Path | None = None,
) -> int:
    """Check whether what is given can be used; exit status 0 only if it can.

    A folder can be used if a series of each study in it can be read; a file if it can; a datalist if both ROIs of every
    record can.

    Args:
        path: a folder of DICOM files (one or many studies), a NIfTI or MetaImage file, a datalist, or its folder.
        json: print JSON for programs instead of a table.
        pixels: read the pixels too, which finds what headers cannot show, and what lies around the points of a
            datalist; takes longer.
        one_scan: accept records that have no t0.
        follow_links: read what symbolic links point to, as git-annex and DataLad make them.

        checkpoint: with pixels, also check every record of a datalist against these weights: whether its ROIs and its
            nodule's size are like those that they were trained on, whether the ROI cuts the nodule, and whether the
            click matters; some seconds a record.

    Returns:
        0 if all can be used, 1 if not.

    Examples:
        csfnet check studies/patient7
        csfnet check data/nlstx/datalist.json --pixels --json
        csfnet check data/nlstx --pixels --checkpoint models/model.pt
    """
    from csfnet_bundle.inputs.checking import check_path

    further = None
    if checkpoint is not None:
        if not pixels:
            raise BundleError("needs the pixels", record="--checkpoint", remedy="Add --pixels.")
        from csfnet_bundle.prediction.predictor import load

        further = load(checkpoint, follow_links=follow_links).check_pair
    usable = check_path(
        path, json_output=json, pixels=pixels, one_scan=one_scan, follow_links=follow_links, further=further
    )
    return 0 if usable else 1
