"""``check``: whether a folder of DICOM files, a ROI store, or every record of a datalist, can be used."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import require_new


def check(
    path: Path,
    json: bool = False,
    pixels: bool = False,
    one_scan: bool = False,
    follow_links: bool = False,
    workers: int = 2,
    cache_dir: Path | None = None,
    usable: Path | None = None,
    checkpoint: Path | None = None,
) -> int:
    """Check whether what is given can be used; exit status 0 only if it can.

    A folder can be used if a series of each study in it can be read; a file if it can; a datalist if both ROIs of every
    record can; a ROI store if nothing in it is damaged.

    Args:
        path: a folder of DICOM files (one or many studies) or a .zip of them, a NIfTI or MetaImage file, a datalist,
            its folder, or a ROI store.
        json: print JSON for programs instead of a table.
        pixels: read the pixels too, which finds what headers cannot show, and what lies around the points of a
            datalist; takes longer.
        one_scan: accept records that have no t0.
        follow_links: read what symbolic links point to, as git-annex and DataLad make them.
        workers: processes that look at the records of a datalist.
        cache_dir: a ROI store whose known headers are used and added to.
        usable: folder without a datalist, for one of the records that can be used; the others are counted in its
            flow.json.
        checkpoint: with pixels, also check every record of a datalist against these weights: whether its ROIs and its
            nodule's size are like those that they were trained on, whether the ROI cuts the nodule, and whether the
            click matters; some seconds a record.

    Returns:
        0 if all can be used, 1 if not; with --usable 0 if some can.

    Examples:
        csfnet check studies/patient7 --pixels --json
        csfnet check data/nlstx --usable data/nlstx_usable
        csfnet check data/nlstx --pixels --checkpoint models/model.pt
    """
    from csfnet_bundle.inputs.archive import unpacked
    from csfnet_bundle.inputs.checking import CheckOptions, check_path
    from csfnet_bundle.inputs.store.purging import HEADERS

    further = None
    if checkpoint is not None:
        if not pixels:
            raise BundleError("needs the pixels", record="--checkpoint", remedy="Add --pixels.")
        from csfnet_bundle.prediction.predictor import load

        further = load(checkpoint, follow_links=follow_links).check_pair
    headers = None if cache_dir is None else cache_dir / HEADERS
    options = CheckOptions(pixels, one_scan, follow_links, workers, headers, further=further)
    if usable is None:
        with unpacked(path) as place:
            options = replace(options, archive=None if place == path else path)
            return 0 if check_path(place, options, json_output=json) else 1
    from csfnet_bundle.cohorts.rejected import leave_out_rejected
    from csfnet_bundle.inputs.checking import judge_datalist
    from csfnet_bundle.records import DATALIST_NAME, load_datalist

    require_new(usable / DATALIST_NAME, "--usable")
    datalist = load_datalist(path)
    verdicts = judge_datalist(datalist, options)
    rejected = {one.name: (one.reason.code, str(one.reason)) for one in verdicts if one.reason is not None}
    leave_out_rejected(datalist, rejected, usable)
    print(f"{len(verdicts) - len(rejected)} of {len(verdicts)} records are in {usable}", file=sys.stderr)
    return 0
