"""Write one pair of a cohort as NIfTI files and as the params of a MONAI Label request, for scripts/try_monai_label.sh.

From the repository's root: ``python scripts/monai_label_pair.py DATASET_DIR STUDIES_DIR``. The pair is the first of the
cohort's section ``inference``, which must be DICOM. STUDIES_DIR gets ``t0.nii.gz``, ``t1.nii.gz`` and copies of the two
series as folders ``t0`` and ``t1``; beside it stand ``request.json`` and a datalist of the very same pair for
``monai.bundle run inference``.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, load_datalist, save_datalist
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

SCANNER_SPACE = 1
"""NIfTI code for coordinates of the scanner."""


def write_scan(name: str, scan: Scan, folder: Path, studies: Path) -> None:
    """Write a scan's series as NAME.nii.gz and copy its slices to NAME/."""
    series = select_series(scan_folder(folder / scan.path), uid=scan.series_uid)
    volume = read_volume(series)
    affine = LPS_FROM_RAS @ volume.affine
    image = nib.Nifti1Image(np.asarray(volume.array, dtype=np.float32), affine)
    image.set_sform(affine, code=SCANNER_SPACE)
    image.set_qform(affine, code=SCANNER_SPACE)
    image.to_filename(studies / f"{name}.nii.gz")
    shutil.copytree(folder / scan.path, studies / name)


def main(dataset_dir: str, studies_dir: str) -> None:
    """Write the pair."""
    datalist = load_datalist(dataset_dir)
    pair = datalist.section("inference")[0]
    if pair.t0 is None:
        raise SystemExit(f"{dataset_dir}: pair {pair.name}, the first of 'inference', has no t0")
    studies = Path(studies_dir)
    studies.mkdir(parents=True)
    for name, scan in (("t0", pair.t0), ("t1", pair.t1)):
        write_scan(name, scan, datalist.folder, studies)
    params = {
        "t0": "t0.nii.gz",
        "point0": list(pair.t0.point.coordinates),
        "point1": list(pair.t1.point.coordinates),
        "space": str(pair.t1.point.space),
        "interval_days": pair.interval_days,
        "clinical": dict(pair.clinical),
    }
    (studies.parent / "request.json").write_text(json.dumps(params, indent=1) + "\n", encoding="utf-8")
    whole = FollowUpPair(
        subject="whole",
        nodule="1",
        t0=Scan(str(studies.resolve() / "t0.nii.gz"), pair.t0.point),
        t1=Scan(str(studies.resolve() / "t1.nii.gz"), pair.t1.point),
        interval_days=pair.interval_days,
        clinical=pair.clinical,
    )
    sparse = FollowUpPair("sparse", "1", whole.t1, whole.t0)
    header = {"name": "the pair of the MONAI Label request"}
    save_datalist(Datalist(studies.parent / "direct", {"inference": (whole, sparse)}, header))


if __name__ == "__main__":
    main(*sys.argv[1:])
