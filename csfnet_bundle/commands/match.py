"""``match``: the place of a nodule in the prior scan, from its place in the current one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.commands.options import NodulePoint, Pixel, SpaceName
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.core.files import atomic_folder, require_new, write_atomically

if TYPE_CHECKING:
    from csfnet_bundle.inputs.given_point import GivenPoint
    from csfnet_bundle.scans.registration import Match

SUMMARY_NAME, PICTURE_NAME = "match.json", "match.png"


def match(
    *,
    t0: Path,
    t1: Path,
    point1: NodulePoint | None = None,
    space: SpaceName | None = None,
    image1: int | None = None,
    pixel1: Pixel | None = None,
    series0: str | None = None,
    series1: str | None = None,
    out: Path | None = None,
) -> int:
    r"""Find the place in the earlier scan that a point of the later scan shows.

    Prints the place in t0 (LPS mm), how many of eight neighbours agree, and their spread. Where the place cannot be
    found for sure the command ends with an error; with --out it draws the best guess all the same.

    Args:
        t0: the earlier scan: a folder of DICOM files or a .zip of them, or a .nii, .nii.gz, .mha or .mhd file.
        t1: the later scan.
        point1: the nodule's centre in t1: three numbers, or a Slicer markups file (.mrk.json, .fcsv).
        space: of the numbers: LPS, RAS (mm) or voxel.
        image1: instead of point1, the number of an image of t1 (InstanceNumber).
        pixel1: column,row in that image, counted from 0.
        series0: SeriesInstanceUID to read from t0, where its folder holds several.
        series1: the same of t1.
        out: folder to make, with a picture of both scans and match.json.

    Returns:
        0 if the place was found, 1 if not.

    Examples:
        csfnet match --t0 scans/2001 --t1 scans/2002 --point1=-60.8,41,-180 --space LPS
        csfnet match --t0 old.nii.gz --t1 new.nii.gz --point1 210,301,88 --space voxel \
            --out output/match
    """
    from csfnet_bundle.inputs.archive import unpacked
    from csfnet_bundle.inputs.given_point import given_point

    given = given_point(point1, space, image=image1, pixel=pixel1, name="point1")
    if given is None:
        raise BundleError("point1 is missing", remedy="Give --point1 and --space, or --image1 and --pixel1.")
    folder = out
    if folder is not None:
        require_new(folder)
    with unpacked(t0) as place0, unpacked(t1) as place1:
        return _match(place0, place1, series0, series1, given, folder)


def _match(t0: Path, t1: Path, series0: str | None, series1: str | None, given: GivenPoint, folder: Path | None) -> int:
    from csfnet_bundle.inputs.given_point import place_in
    from csfnet_bundle.inputs.pair_reader import check_two_files
    from csfnet_bundle.report.match_picture import write_match_picture
    from csfnet_bundle.scans.registration import align_scans, best_match, match_aligned
    from csfnet_bundle.scans.scan import open_pair

    scan0, scan1 = open_pair(t0, t1, series0, series1)
    point = place_in(given, scan1.series, t1, "point1")
    place1 = scan1.lps(point, "t1")
    check_two_files(scan0, scan1, scan1.read_roi(point))
    scans = align_scans(scan0, scan1)
    refusal = None
    try:
        found = match_aligned(scans, point)
    except Refusal as error:
        if error.code is not RefusalCode.MATCH_UNSURE or folder is None:
            raise
        found, refusal = best_match(scans, place1), error
    if folder is not None:
        with atomic_folder(folder) as temporary:
            write_match_picture(temporary / PICTURE_NAME, found, scan0, scan1)
            write_atomically(temporary / SUMMARY_NAME, json.dumps(_summary(found), indent=1, allow_nan=False) + "\n")
    if refusal is not None:
        picture = folder / PICTURE_NAME if folder else ""
        refusal.remedy = f"Look at {picture}, then give the right place to predict or measure by --point0."
        raise refusal
    print(f"point0 (LPS): {','.join(f'{value:.2f}' for value in found.point0.coordinates)}")
    print(f"votes: {found.votes} of 8, spread {found.spread:.2f} mm")
    for finding in found.findings:
        print(finding)
    return 0


def _summary(found: Match) -> dict[str, object]:
    return {
        "point0_lps": list(found.point0.coordinates),
        "point1_lps": list(found.point1.coordinates),
        "sure": found.is_sure,
        "doubt": found.doubt,
        "votes": found.votes,
        "spread_mm": found.spread if math.isfinite(found.spread) else None,
        "peak_from_vote_mm": found.peak_from_vote,
        "ncc": found.ncc,
        "neighbours0_lps": found.neighbours0.tolist(),
        "neighbours1_lps": found.neighbours1.tolist(),
        "agreeing": found.agreeing.tolist(),
        "contrasts_hu": list(found.contrasts),
        "absent": found.absent,
        "other_opacity_mm": found.other_opacity_mm,
        "findings": list(found.findings),
    }
