"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder
from csfnet_bundle.prediction.case_files import CaseFiles
from csfnet_bundle.prediction.cases import predicted_case
from csfnet_bundle.prediction.checkpoint import find_checkpoint
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import load
from csfnet_bundle.records import Datalist, read_clinical, save_datalist

OWN_TRAINING = "output/csfnet"
"""Where configs/train.json puts the weights of one's own training."""


def predict(
    *,
    t1: str,
    point1: Sequence[float],
    space: str,
    t0: str | None = None,
    point0: Sequence[float] | None = None,
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
    """Predict the malignancy of one nodule that was seen in two CT scans, or in one.

    Writes a folder with the prediction (predictions.csv), a report and a picture of the pair, the network's attention
    as NIfTI in the t1 scan's space, and the one-pair datalist that was run.

    Args:
        t1: the later scan: a folder of DICOM files, or a .nii, .nii.gz or .mha file.
        point1: the nodule's centre in t1, X,Y,Z.
        space: of both points: LPS or RAS (mm), or voxel.
        t0: the earlier scan; without it, the weights must be of a network that can do without.
        point0: the nodule's centre in t0, X,Y,Z.
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
    if subject is None and not Path(t1).is_dir() and Path(t1).exists():
        raise BundleError(f"{t1} carries no PatientID", record="t1", remedy="Give one by --subject.")
    root = bundle_root()
    weights = find_checkpoint(root / OWN_TRAINING, root) if checkpoint is None else Path(checkpoint)
    predictor = load(weights)
    prediction = predictor.predict(
        t1,
        point1,
        t0=t0,
        point0=point0,
        space=space,
        clinical=values,
        interval_days=interval_days,
        subject=None if subject is None else str(subject),
        series0=series0,
        series1=series1,
        nodule=str(nodule),
    )
    pair = prediction.pair
    with atomic_folder(folder) as working:
        save_datalist(Datalist(working, {"inference": (pair,)}, {"name": f"prediction of {pair.name}"}))
        items = [{"pair": pair, "datalist_folder": working}]
        files = CaseFiles(working, predictor.checkpoint, weights, items, dicom_out=bool(dicom_out))
        case, images = predicted_case(prediction, predictor.checkpoint, weights)
        report = files.write_case(case, images, prediction.logit, prediction.affines[1])
        files.write_table()
    _print_result(prediction, folder / report.name)


def _print_result(prediction: Prediction, report: Path) -> None:
    print(f"malignancy probability of {prediction.pair.name}: {prediction.probability:.3f}")
    members = prediction.member_probabilities
    if members:
        print(f"mean of {len(members)} networks, which say {min(members):.3f} to {max(members):.3f}")
    print(f"weights trained on: {prediction.trained_on}. Not a medical device.")
    print(f"report: {report}")
