"""``predict``: the malignancy probability of one new follow-up pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from csfnet_bundle.commands.bundle_run import chosen_weights
from csfnet_bundle.commands.options import NodulePoint, Pixel, SpaceName
from csfnet_bundle.commands.showing import print_alarms, print_origin, print_prediction
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.core.files import require_new


def predict(
    export: Path | None = None,
    *,
    t1: Path | None = None,
    point1: NodulePoint | None = None,
    space: SpaceName | None = None,
    image1: int | None = None,
    pixel1: Pixel | None = None,
    t0: Path | None = None,
    point0: NodulePoint | None = None,
    image0: int | None = None,
    pixel0: Pixel | None = None,
    age: str | None = None,
    sex: str | None = None,
    smoking: str | None = None,
    race: str | None = None,
    clinical: Path | None = None,
    interval_days: float | None = None,
    subject: str | None = None,
    nodule: str = "1",
    patient: str | None = None,
    study0: str | None = None,
    study1: str | None = None,
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
    explain: bool = False,
    timings: bool = False,
) -> None:
    r"""Predict the malignancy of one nodule that was seen in two CT scans, or in one.

    Writes a folder with the prediction (predictions.csv), a report and a picture of the pair, the network's attention
    as NIfTI in the t1 scan's space, and the one-pair datalist that was run.

    Args:
        export: a folder or .zip with both studies, as a CD or a PACS gives them; the earlier one is t0. Where it is not
            clear which are meant, they are listed.
        t1: instead, the later scan: a folder of DICOM files or a .zip of them, or a .nii, .nii.gz or .mha file.
        point1: the nodule's centre in t1: three numbers, or a Slicer markups file (.mrk.json, .fcsv).
        space: of the numbers: LPS or RAS (mm), or voxel.
        image1: instead of point1, the number of an image of t1 (InstanceNumber), as a PACS shows it.
        pixel1: column,row in that image, counted from 0.
        t0: the earlier scan; without it, the weights must be of a network that can do without, as those of
            models/nodules/model.pt are.
        point0: the nodule's centre in t0; without it, it is found from point1 (docs/matching.md). Where both scans show
            the lungs a point given is checked.
        image0: instead of point0, the number of an image of t0.
        pixel0: column,row in that image.
        age: of the patient at t0, years.
        sex: female or male, or the NLST code.
        smoking: current or former, or the NLST code.
        race: as NLST calls it (White, Black or African-American, Asian, ...), or the NLST code.
        clinical: JSON or CSV file with these and further values, of the variables in the weights' code book, which for
            the bundle's weights are NLST's race, cigsmok, gender, age, scr_res0 and scr_iso0.
        interval_days: days between the scans; by default from the study dates.
        subject: PatientID; needed for files that are not DICOM.
        nodule: a name for the nodule.
        patient: PatientID, where the export holds several patients.
        study0: StudyInstanceUID or date (YYYYMMDD) of the earlier study, where a folder holds several.
        study1: the same of the later study.
        series0: SeriesInstanceUID to read from t0, where its folder holds several.
        series1: SeriesInstanceUID to read from t1.
        checkpoint: weights to use; by default those of your own training, else the bundle's models/model.pt, trained
            on phantoms. models/nodules/model.pt also answers for one scan (docs/real_nodules.md).
        out: folder to write; must not exist.
        dicom_out: also write DICOM objects of the later study: report, outlines, captures, PDF (docs/dicom_out.md).
        supersedes: the report of an earlier run on the same nodule, a DICOM file, that the new one replaces.
        follow_links: read what symbolic links in the scans' folders point to, as git-annex and DataLad make them.
        no_check: do not check two given points against each other, which takes some seconds.
        no_measure: do not measure the nodule in both scans, which takes some seconds.
        pseudonym: write a pseudonym for the PatientID, made with the site's salt (SECURITY.md), and no datalist; dates,
            series UIDs and pictures stay.
        explain: also draw on the page where the answer depends on the voxels (an occlusion map).
        timings: print the processor time by share.

    Examples:
        csfnet predict --t0 scans/2001 --point0=-61.2,40,-182 --space LPS \
            --t1 scans/2002 --point1=-60.8,41,-180 --clinical patient.json
        csfnet predict export.zip --image1 87 --pixel1 312,240 \
            --age 63 --sex female --smoking current
    """
    from csfnet_bundle.core.processor_time import loaded, print_shares
    from csfnet_bundle.core.site_salt import pseudonym as patient_pseudonym
    from csfnet_bundle.inputs.given_point import given_point
    from csfnet_bundle.prediction.case_files import write_prediction
    from csfnet_bundle.prediction.predictor import load
    from csfnet_bundle.prediction.request import PairRequest, predicted
    from csfnet_bundle.records import DATALIST_NAME
    from csfnet_bundle.records.clinical_file import clinical_values

    if supersedes is not None and not dicom_out:
        raise BundleError("--supersedes names a DICOM report, but none is made", remedy="Add --dicom_out.")
    if pseudonym and dicom_out:
        raise BundleError(
            "--pseudonym and --dicom_out exclude each other",
            remedy="DICOM objects belong to the patient's study: leave one of them away.",
        )
    require_new(out)
    if dicom_out:
        require_extra("dicom-sr", "highdicom")
    given1 = given_point(point1, space, image=image1, pixel=pixel1, name="point1")
    given0 = given_point(point0, space, image=image0, pixel=pixel0, name="point0")
    if given1 is None:
        raise BundleError("point1 is missing", remedy="Give --point1 and --space, or --image1 and --pixel1.")
    weights = chosen_weights(checkpoint)
    predictor = load(weights, follow_links=follow_links)
    loaded()
    options = {"age": age, "sex": sex, "smoking": smoking, "race": race}
    request = PairRequest(
        given1,
        given0,
        export=export,
        t0=t0,
        t1=t1,
        patient=patient,
        study0=study0,
        study1=study1,
        series0=series0,
        series1=series1,
        subject=subject,
        nodule=nodule,
        interval_days=interval_days,
        clinical=clinical_values(clinical, options, predictor.checkpoint.code_book),
    )
    with predicted(predictor, request, check=not no_check, measure=not no_measure, pictures=True, explain=explain) as (
        prediction,
        record,
    ):
        if pseudonym:
            named = replace(prediction.pair, subject=patient_pseudonym(prediction.pair.subject))
            prediction = replace(prediction, pair=named)
        print_alarms(prediction)
        report = write_prediction(
            prediction,
            predictor.checkpoint,
            weights,
            out,
            dicom_out=dicom_out,
            follow_links=follow_links,
            record=record,
            supersedes=supersedes,
        )
    if pseudonym:
        (out / DATALIST_NAME).unlink()  # it names the patient and the scans' folders
    print_prediction(prediction)
    for scan, series in zip(("t0", "t1"), prediction.series, strict=True):
        if series is not None:
            print(f"series read as {scan}: {series}")
    print_origin(prediction, report)
    if timings:
        print_shares()
