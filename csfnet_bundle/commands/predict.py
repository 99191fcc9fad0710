"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.options import Point, SpaceName
from csfnet_bundle.core.errors import BundleError

if TYPE_CHECKING:
    from csfnet_bundle.nodule.pair import PairMeasurements

WARNING = "CHECK THE POINT"
"""How findings begin that a user must see before the number."""

OWN_TRAINING = "output/csfnet"
"""Where configs/train.json puts the weights of one's own training."""


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
    supersedes: Path | None = None,
    follow_links: bool = False,
    no_check: bool = False,
    no_measure: bool = False,
    pseudonym: bool = False,
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
        dicom_out: also write DICOM objects of the later study: report, outlines, captures, PDF (docs/dicom_out.md).
        supersedes: the report of an earlier run on the same nodule, a DICOM file, that the new one replaces.
        follow_links: read what symbolic links in the scans' folders point to, as git-annex and DataLad make them.
        no_check: do not check two given points against each other, which takes some seconds.
        no_measure: do not measure the nodule in both scans, which takes some seconds.
        pseudonym: write a pseudonym for the PatientID, made with the site's salt (SECURITY.md), and no datalist; dates,
            series UIDs and pictures stay.

    Examples:
        csfnet predict --t0 scans/2001 --point0=-61.2,40,-182 --space LPS \
            --t1 scans/2002 --point1=-60.8,41,-180 --clinical patient.json
        csfnet predict --t1 now.nii.gz --point1 210,301,88 --space voxel \
            --subject P0042 --checkpoint either.pt --out output/P0042
    """
    from csfnet_bundle.core.site_salt import pseudonym as patient_pseudonym
    from csfnet_bundle.inputs.locating import check_kind
    from csfnet_bundle.prediction.case_files import write_prediction
    from csfnet_bundle.prediction.checkpoint import find_checkpoint
    from csfnet_bundle.prediction.predictor import load
    from csfnet_bundle.records import DATALIST_NAME, read_clinical
    from csfnet_bundle.scans.dicom import holds_dicom

    if supersedes is not None and not dicom_out:
        raise BundleError("--supersedes names a DICOM report, but none is made", remedy="Add --dicom_out.")
    if pseudonym and dicom_out:
        raise BundleError(
            "--pseudonym and --dicom_out exclude each other",
            remedy="DICOM objects belong to the patient's study: leave one of them away.",
        )
    if out.exists():
        raise BundleError(f"{out} exists already", remedy="Name another folder by --out, or remove this one.")
    values = {} if clinical is None else read_clinical(str(clinical))
    if subject is None and t1.exists() and not holds_dicom(t1):
        check_kind(t1)
        raise BundleError(f"{t1} carries no PatientID", record="t1", remedy="Give one by --subject.")
    weights = find_checkpoint(bundle_root() / OWN_TRAINING, bundle_root()) if checkpoint is None else checkpoint
    predictor = load(weights, follow_links=follow_links)
    prediction = predictor.predict(
        t1,
        point1,
        t0=t0,
        point0=point0,
        space=space,
        clinical=values,
        interval_days=interval_days,
        subject=subject,
        series0=series0,
        series1=series1,
        nodule=nodule,
        check=not no_check,
        measure=not no_measure,
    )
    if pseudonym:
        prediction = replace(
            prediction, pair=replace(prediction.pair, subject=patient_pseudonym(prediction.pair.subject))
        )
    for finding in prediction.findings:
        if WARNING in finding:
            print(finding, file=sys.stderr)
    report = write_prediction(
        prediction,
        predictor.checkpoint,
        weights,
        out,
        dicom_out=dicom_out,
        follow_links=follow_links,
        supersedes=supersedes,
    )
    if pseudonym:
        (out / DATALIST_NAME).unlink()  # it names the scans' folders
    print(f"malignancy probability of {prediction.pair.name}: {prediction.probability:.3f}")
    if prediction.band is not None:
        print(f"27 clicks within 2 mm give {prediction.band[0]:.3f} to {prediction.band[1]:.3f}")
    if prediction.measured is not None:
        _print_measurements(prediction.measured)
    members = prediction.member_probabilities
    if members:
        print(f"mean of {len(members)} networks, which say {min(members):.3f} to {max(members):.3f}")
    for scan, series in zip(("t0", "t1"), prediction.series, strict=True):
        if series is not None:
            print(f"series read as {scan}: {series}")
    print(f"weights trained on: {prediction.trained_on}. Not a medical device.")
    print(f"report: {report}")


def _print_measurements(measured: PairMeasurements) -> None:
    """Print a line for each scan measured, then growth and notes."""
    for name, one in (("t0", measured.t0), ("t1", measured.t1)):
        if one is not None:
            axes = f"{one.long_axis_mm:.1f} x {one.short_axis_mm:.1f} mm"
            flags = "".join(f" {flag.text}" for flag in one.flags)
            print(f"measured in {name}: {one.volume_mm3:.0f} mm3, axes {axes}, {one.attenuation}.{flags}")
    if measured.growth is not None:
        print(measured.growth.text)
    for note in measured.notes:
        print(note)
