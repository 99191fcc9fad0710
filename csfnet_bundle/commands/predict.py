"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.commands.bundle_run import run_workflow
from csfnet_bundle.commands.options import Point, SpaceName
from csfnet_bundle.core.errors import BundleError

if TYPE_CHECKING:
    import pandas as pd

    from csfnet_bundle import geometry

CACHE_NAME = ".roi_cache"


def predict(
    *,
    t1: Path,
    point1: Point,
    space: SpaceName,
    t0: Path | None = None,
    point0: Point | None = None,
    clinical: Path | None = None,
    interval_days: float | None = None,
    subject: str | None = None,
    nodule: str = "1",
    series0: str | None = None,
    series1: str | None = None,
    checkpoint: Path | None = None,
    out: Path = Path("output/predict"),
    dicom_out: bool = False,
    follow_links: bool = False,
) -> None:
    r"""Predict the malignancy of one nodule that was seen in two CT scans, or in one.

    Writes a folder with the prediction (predictions.csv), a report and a picture of the pair, the network's attention
    as NIfTI in the t1 scan's space, and the one-pair datalist that was run.

    Args:
        t1: the later scan: a folder of DICOM files, or a .nii, .nii.gz or .mha file.
        point1: the nodule's centre in t1.
        space: of both points: LPS or RAS (mm), or voxel.
        t0: the earlier scan; without it, the weights must be of a network that can do without.
        point0: the nodule's centre in t0; without it, it is found from point1 (docs/matching.md). Where both scans show
            the lungs a point given is checked.
        clinical: file with the patient's NLST codes (race, cigsmok, gender, age, scr_res0, scr_iso0), JSON or CSV.
        interval_days: days between the scans; by default from the study dates.
        subject: PatientID; needed for files that are not DICOM.
        nodule: a name for the nodule.
        series0: SeriesInstanceUID to read from t0, where its folder holds several.
        series1: SeriesInstanceUID to read from t1.
        checkpoint: weights to use; by default those of your own training, else the bundle's, trained on phantoms.
        out: folder to write; must not exist.
        dicom_out: also write a Structured Report and the attention as DICOM objects of the later study.
        follow_links: read what symbolic links in the scans' folders point to, as git-annex and DataLad make them.

    Examples:
        csfnet predict --t0 scans/2001 --point0=-61.2,40,-182 --space LPS \
            --t1 scans/2002 --point1=-60.8,41,-180 --clinical patient.json
        csfnet predict --t1 now.nii.gz --point1 210,301,88 --space voxel \
            --subject P0042 --checkpoint either.pt --out output/P0042
    """
    from csfnet_bundle.inputs import describe_pair, match_prior
    from csfnet_bundle.inputs.locating import check_kind
    from csfnet_bundle.inputs.matching import match_findings
    from csfnet_bundle.records import Datalist, read_clinical, save_datalist
    from csfnet_bundle.scans.dicom import holds_dicom, scan_folder

    folder = out
    if folder.exists():
        raise BundleError(f"{folder} exists already", remedy="Name another folder by --out, or remove this one.")
    values = {} if clinical is None else read_clinical(str(clinical))
    if t0 is None:
        _refuse_without_t0(point0=point0, series0=series0, interval_days=interval_days)
    earlier = None
    if t0 is not None:
        earlier = (_existing(t0, "t0"), None if point0 is None else _point(point0, space, "t0"))
    later = (_existing(t1, "t1"), _point(point1, space, "t1"))
    check_kind(Path(later[0]))
    if subject is None and not holds_dicom(later[0]):
        raise BundleError(f"{later[0]} carries no PatientID", record="t1", remedy="Give one by --subject.")
    pair = describe_pair(
        Path.cwd(),
        t0=earlier,
        t1=later,
        subject=subject,
        nodule=nodule,
        series0=series0,
        series1=series1,
        interval_days=interval_days,
        clinical=values,
        follow_links=follow_links,
    )
    pair = match_prior(pair, Path.cwd(), find_series=partial(scan_folder, follow_links=follow_links))
    for finding in match_findings(pair.t0) if pair.t0 is not None else ():
        print(finding, file=sys.stderr)
    working = folder.parent / f".{folder.name}.partial"
    shutil.rmtree(working, ignore_errors=True)
    try:
        save_datalist(Datalist(working, {"inference": (pair,)}, {"name": f"prediction of {pair.name}"}))
        chosen = {} if checkpoint is None else {"checkpoint_path": str(checkpoint.resolve())}
        run_workflow(
            "inference",
            ["inference.json"],
            dataset_dir=str(working),
            output_dir=str(working),
            cache_dir=str(working / CACHE_NAME),
            num_workers=0,
            dicom_out=dicom_out,
            follow_links=follow_links,
            **chosen,
        )
        shutil.rmtree(working / CACHE_NAME)
        working.replace(folder)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    _print_result(folder)


def _refuse_without_t0(**options: object) -> None:
    """Raise BundleError for an option that says something of a scan that is not there."""
    for name, value in options.items():
        if value is not None:
            raise BundleError(f"is {value!r}, but there is no t0", record=name, remedy="Name the earlier scan by --t0.")


def _existing(path: Path, name: str) -> str:
    """Return the scan's absolute path."""
    if not path.exists():
        raise BundleError(f"{path} does not exist", record=name, remedy=f"Name the scan by --{name}.")
    return str(path.resolve())


def _point(point: Point, space: SpaceName, name: str) -> geometry.Point:
    from csfnet_bundle import geometry

    try:
        return geometry.Point(point, geometry.Space(space))
    except BundleError as error:
        raise error.for_record(name) from None


def _print_result(folder: Path) -> None:
    import pandas as pd

    from csfnet_bundle.evaluation.output import PREDICTIONS_NAME
    from csfnet_bundle.evaluation.predictions import read_predictions

    row = read_predictions(folder / PREDICTIONS_NAME, labelled=False).iloc[0]
    print(f"malignancy probability of {row['subject']}/{row['nodule']}: {row['probability']:.3f}")
    if "networks" in row:
        lowest, highest = row["probability_lowest"], row["probability_highest"]
        print(f"mean of {row['networks']:.0f} networks, which say {lowest:.3f} to {highest:.3f}")
    for scan in ("t0", "t1"):
        if pd.notna(row.get(f"{scan}_series_uid")):
            print(f"series read as {scan}: {_series_words(row, scan)}")
    print(f"weights trained on: {row['weights_trained_on']}. Not a medical device.")
    print(f"report: {next(folder.glob('*.html'))}")


def _series_words(row: pd.Series, scan: str) -> str:
    """Return what was read, from its columns; the report names the other series too."""
    values = [row[f"{scan}_{name}"] for name in ("series_description", "image_type", "kernel", "slice_thickness_mm")]
    described, image_type, kernel, thickness = ("unknown" if value != value else str(value) for value in values)
    return (
        f"'{described}', {row[f'{scan}_slices']:.0f} slices of {thickness} mm, {image_type}, kernel {kernel}, "
        f"{row[f'{scan}_series_uid']} ({row[f'{scan}_other_series']:.0f} other CT series in its study)"
    )
