"""``check``: whether a folder of DICOM files, or every record of a datalist, can be used."""

from __future__ import annotations

from pathlib import Path


def check(
    path: Path, json: bool = False, pixels: bool = False, one_scan: bool = False, follow_links: bool = False
) -> int:
    """Check whether what is given can be used; exit status 0 only if it can.

    A folder can be used if a series of each study in it can be read; a file if it can; a datalist if both ROIs of every
    record can.

    Args:
        path: a folder of DICOM files (one or many studies) or a .zip of them, a NIfTI or MetaImage file, a datalist, or
            its folder.
        json: print JSON for programs instead of a table.
        pixels: read the pixels too, which finds what headers cannot show; takes longer.
        one_scan: accept records that have no t0.
        follow_links: read what symbolic links point to, as git-annex and DataLad make them.

    Returns:
        0 if all can be used, 1 if not.

    Examples:
        csfnet check studies/patient7
        csfnet check data/nlstx/datalist.json --pixels --json
    """
    from csfnet_bundle.inputs.archive import unpacked
    from csfnet_bundle.inputs.checking import check_path

    with unpacked(path) as place:
        usable = check_path(place, json_output=json, pixels=pixels, one_scan=one_scan, follow_links=follow_links)
    return 0 if usable else 1
