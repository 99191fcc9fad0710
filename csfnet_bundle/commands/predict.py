"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from csfnet_bundle.commands.bundle_run import run_workflow
from csfnet_bundle.dicom import scan_folder, select_series
from csfnet_bundle.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.pairs import Datalist, FollowUpPair, Scan, save_datalist
from csfnet_bundle.tables import encode_clinical, read_clinical

PREDICTIONS_NAME = "predictions.csv"
CACHE_NAME = ".roi_cache"


def predict(
    t0: str,
    t1: str,
    point0: Sequence[float],
    point1: Sequence[float],
    space: str,
    clinical: str | None = None,
    interval_days: float | None = None,
    subject: str | None = None,
    nodule: str = "1",
    series0: str | None = None,
    series1: str | None = None,
    checkpoint: str | None = None,
    out: str = "output/predict",
) -> None:
    """Predict the malignancy of one nodule that was seen in two CT scans.

    Writes a folder with the prediction (predictions.csv), a report and a picture of the pair, the network's attention
    as NIfTI in the t1 scan's space, and the one-pair datalist that was run.

    Args:
        t0: the earlier scan: a folder of DICOM files, or a .nii, .nii.gz or .mha file.
        t1: the later scan.
        point0: the nodule's centre in t0, X,Y,Z.
        point1: the nodule's centre in t1, X,Y,Z.
        space: of both points: LPS or RAS (mm), or voxel.
        clinical: file with the patient's NLST codes (race, cigsmok, gender, age, scr_res0, scr_iso0), JSON or CSV.
        interval_days: days between the scans; by default from the study dates.
        subject: PatientID; needed for files that are not DICOM.
        nodule: a name for the nodule.
        series0: SeriesInstanceUID to read from t0, where its folder holds several.
        series1: SeriesInstanceUID to read from t1.
        checkpoint: weights to use; by default those of your own training, else the bundle's, trained on phantoms.
        out: folder to write; must not exist.
    """
    folder = Path(out)
    if folder.exists():
        raise BundleError(f"{folder} exists already", remedy="Name another folder by --out, or remove this one.")
    scans = (_scan(t0, point0, space, series0, "t0"), _scan(t1, point1, space, series1, "t1"))
    values = {} if clinical is None else read_clinical(clinical)
    encode_clinical(values)  # refused now rather than after the scans are read
    pair = FollowUpPair(
        subject=str(subject) if subject is not None else _patient(scans[1], "t1"),
        nodule=str(nodule),
        t0=scans[0],
        t1=scans[1],
        interval_days=interval_days,
        clinical=values,
    )
    pair = FollowUpPair.from_record(pair.to_record())
    working = folder.parent / f".{folder.name}.partial"
    shutil.rmtree(working, ignore_errors=True)
    try:
        save_datalist(Datalist(working, {"inference": (pair,)}, {"name": f"prediction of {pair.name}"}))
        chosen = {} if checkpoint is None else {"checkpoint_path": str(Path(checkpoint).resolve())}
        run_workflow(
            "inference",
            ["inference.json"],
            dataset_dir=str(working),
            output_dir=str(working),
            cache_dir=str(working / CACHE_NAME),
            num_workers=0,
            **chosen,
        )
        shutil.rmtree(working / CACHE_NAME)
        working.replace(folder)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    _print_result(folder)


def _scan(path: str, point: Sequence[float], space: str, series: str | None, name: str) -> Scan:
    location = Path(str(path))
    if not location.exists():
        raise BundleError(f"{location} does not exist", record=name, remedy=f"Name the scan by --{name}.")
    try:
        place = Point(point, Space(str(space)) if str(space) in set(Space) else space)  # type: ignore[arg-type]
    except BundleError as error:
        raise error.for_record(name) from None
    uid, date = series, None
    if location.is_dir():
        chosen = select_series(scan_folder(location), uid=series)
        uid, date = chosen.uid, chosen.study_date
    return Scan(path=str(location.resolve()), point=place, series_uid=uid, date=date or None)


def _patient(scan: Scan, name: str) -> str:
    path = Path(scan.path)
    if not path.is_dir():
        raise BundleError(f"{path} carries no PatientID", record=name, remedy="Give one by --subject.")
    return select_series(scan_folder(path), uid=scan.series_uid).patient_id


def _print_result(folder: Path) -> None:
    row = pd.read_csv(folder / PREDICTIONS_NAME, dtype={"subject": str, "nodule": str}).iloc[0]
    print(f"malignancy probability of {row['subject']}/{row['nodule']}: {row['probability']:.3f}")
    print(f"weights trained on: {row['weights_trained_on']}. Not a medical device.")
    print(f"report: {next(folder.glob('*.html'))}")
