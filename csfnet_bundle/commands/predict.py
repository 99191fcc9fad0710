"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from csfnet_bundle.commands.bundle_run import run_workflow
from csfnet_bundle.dicom import Series, scan_folder, select_pair, select_series
from csfnet_bundle.errors import BundleError
from csfnet_bundle.geometry import Point
from csfnet_bundle.pairs import Datalist, FollowUpPair, Scan, save_datalist
from csfnet_bundle.tables import read_clinical

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
    dicom_out: bool = False,
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
        dicom_out: also write a Structured Report and the attention as DICOM objects of the later study.
    """
    folder = Path(out)
    if folder.exists():
        raise BundleError(f"{folder} exists already", remedy="Name another folder by --out, or remove this one.")
    values = {} if clinical is None else read_clinical(clinical)
    points = (_point(point0, space, "t0"), _point(point1, space, "t1"))
    paths = (_existing(t0, "t0"), _existing(t1, "t1"))
    found = _series(paths, (series0, series1))
    scans = [_scan(*scan) for scan in zip(paths, points, found, strict=True)]
    pair = FollowUpPair(
        subject=str(subject) if subject is not None else _patient(found[1], paths[1]),
        nodule=str(nodule),
        t0=scans[0],
        t1=scans[1],
        interval_days=_days(scans[0], scans[1]) if interval_days is None else interval_days,
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
            dicom_out=bool(dicom_out),
            **chosen,
        )
        shutil.rmtree(working / CACHE_NAME)
        working.replace(folder)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    _print_result(folder)


def _existing(path: str, name: str) -> Path:
    location = Path(str(path))
    if not location.exists():
        raise BundleError(f"{location} does not exist", record=name, remedy=f"Name the scan by --{name}.")
    return location.resolve()


def _point(point: Sequence[float], space: str, name: str) -> Point:
    try:
        return Point(point, space)  # type: ignore[arg-type]  # it checks both
    except BundleError as error:
        raise error.for_record(name) from None


def _series(paths: tuple[Path, Path], uids: tuple[str | None, str | None]) -> tuple[Series | None, Series | None]:
    """Choose the series to read; two folders together, so that both reconstructions have one kernel where they can."""
    if paths[0].is_dir() and paths[1].is_dir():
        return select_pair(scan_folder(paths[0]), scan_folder(paths[1]), *uids)
    series0, series1 = (
        select_series(scan_folder(path), uid=uid) if path.is_dir() else None
        for path, uid in zip(paths, uids, strict=True)
    )
    return series0, series1


def _scan(path: Path, point: Point, series: Series | None) -> Scan:
    if series is None:
        return Scan(str(path), point)
    return Scan(str(path), point, series_uid=series.uid, date=series.study_date or None)


def _days(t0: Scan, t1: Scan) -> float | None:
    return None if t0.day is None or t1.day is None else float((t1.day - t0.day).days)


def _patient(series: Series | None, path: Path) -> str:
    if series is None:
        raise BundleError(f"{path} carries no PatientID", record="t1", remedy="Give one by --subject.")
    return series.patient_id


def _print_result(folder: Path) -> None:
    row = pd.read_csv(folder / PREDICTIONS_NAME, dtype={"subject": str, "nodule": str}).iloc[0]
    print(f"malignancy probability of {row['subject']}/{row['nodule']}: {row['probability']:.3f}")
    if "networks" in row:
        lowest, highest = row["probability_lowest"], row["probability_highest"]
        print(f"mean of {row['networks']:.0f} networks, which say {lowest:.3f} to {highest:.3f}")
    print(f"weights trained on: {row['weights_trained_on']}. Not a medical device.")
    print(f"report: {next(folder.glob('*.html'))}")
