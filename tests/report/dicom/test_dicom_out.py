"""What ``--dicom_out`` writes for a pair, and what it refuses."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pandas as pd
import pytest
from helpers.chest_series import make_chest, write_series
from helpers.predicted_pair import POINTS, Predicted, predict_words
from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage

from csfnet_bundle.cohorts.phantom.enhanced import write_enhanced
from csfnet_bundle.commands import main
from csfnet_bundle.core.site_salt import pseudonym

LPS_TOLERANCE_MM = 1e-3
"""SCOORD3D holds single precision: at 300 mm from the origin its steps are 3e-5 mm."""


@pytest.fixture(scope="module")
def report(predicted: Predicted) -> Dataset:
    return dcmread(predicted.out / "100042_1_report.dcm")


def _items(item: Dataset, meaning: str) -> list[Dataset]:
    """Every content item below ``item`` whose concept has that meaning."""
    found = []
    for child in item.get("ContentSequence", []):
        names = child.get("ConceptNameCodeSequence", [])
        if names and names[0].CodeMeaning == meaning:
            found.append(child)
        found += _items(child, meaning)
    return found


def test_the_report_is_a_tid_1500_in_the_study_of_t1(report: Dataset, predicted: Predicted) -> None:
    first = predicted.slices["t1"][0]
    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert report.StudyInstanceUID == first.StudyInstanceUID
    assert (report.PatientID, report.PatientSex, report.StudyDate) == ("100042", "F", "20000103")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


def test_the_report_holds_the_points_in_their_frames_of_reference(report: Dataset, predicted: Predicted) -> None:
    regions = _items(report, "Image Region")
    assert [region.GraphicType for region in regions] == ["POINT", "POINT"]
    for region, name in zip(regions, ("t1", "t0"), strict=True):
        assert region.ReferencedFrameOfReferenceUID == predicted.slices[name][0].FrameOfReferenceUID
        np.testing.assert_allclose(region.GraphicData, POINTS[name], atol=LPS_TOLERANCE_MM)


def test_the_report_holds_the_probability_of_the_table(report: Dataset, predicted: Predicted) -> None:
    (item,) = _items(report, "Probability of cancer")
    value = item.MeasuredValueSequence[0]
    probability = pd.read_csv(predicted.out / "predictions.csv")["probability"].iloc[0]
    assert float(value.NumericValue) == pytest.approx(100 * probability, abs=0.05)
    assert value.MeasurementUnitsCodeSequence[0].CodeValue == "%"


def test_the_report_names_the_model_and_says_what_it_is_worth(report: Dataset, predicted: Predicted) -> None:
    assert {item.TextValue for item in _items(report, "Algorithm Name")} == {"CSF-Net", "CSF-Net measuring"}
    parameters = " | ".join(item.TextValue for item in _items(report, "Algorithm Parameters"))
    assert hashlib.sha256(predicted.model.read_bytes()).hexdigest() in parameters
    assert "phantoms" in parameters
    assert "Not a medical device" in parameters
    assert "temperature 1.5" in parameters


def test_every_instance_of_both_studies_is_evidence(report: Dataset, predicted: Predicted) -> None:
    evidence = [*report.CurrentRequestedProcedureEvidenceSequence, *report.PertinentOtherEvidenceSequence]
    listed = {
        (study.StudyInstanceUID, instance.ReferencedSOPInstanceUID)
        for study in evidence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
    scans = [item for slices in predicted.slices.values() for item in slices]
    outlines = [dcmread(predicted.out / f"100042_1_outline_{scan}.dcm") for scan in ("t0", "t1")]
    assert listed == {(item.StudyInstanceUID, item.SOPInstanceUID) for item in [*scans, *outlines]}


def test_highdicom_reads_the_report_as_a_measurement_report(predicted: Predicted) -> None:
    read = highdicom.sr.srread(predicted.out / "100042_1_report.dcm")
    groups = read.content.get_planar_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["nodule 1", "nodule 1"]
    assert groups[0].tracking_uid == groups[1].tracking_uid
    assert groups[0].finding_type == highdicom.sr.CodedConcept("786838002", "SCT", "Nodule of lung")


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dsrdump of Debian's package dcmtk is not installed")
def test_dcmtk_reads_the_report(predicted: Predicted) -> None:
    done = subprocess.run(
        ["dsrdump", "+Pc", str(predicted.out / "100042_1_report.dcm")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^[EW]: ", done.stderr, re.MULTILINE), done.stderr
    assert "Probability of cancer" in done.stdout
    assert re.search(r"SCOORD3D:.*=\(POINT,.*10\.5/69\.25/-251\.75", done.stdout), done.stdout


def test_without_the_option_there_is_no_dicom(predicted: Predicted, tmp_path: Path) -> None:
    out = tmp_path / "prediction"
    assert main(predict_words(predicted.scans, predicted.model, out)) == 0
    assert not list(out.glob("*.dcm"))


def test_a_pseudonym_stands_for_the_patient_id_in_every_file(
    predicted: Predicted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "prediction"
    words = [*predict_words(predicted.scans, predicted.model, out), "--pseudonym"]
    assert main([*words, "--dicom_out"]) == 1
    assert "exclude each other" in capsys.readouterr().err
    assert main(words) == 0
    written = sorted(path for path in out.rglob("*") if path.is_file())
    assert {path.name for path in written} >= {"predictions.csv", f"{pseudonym('100042')}_1.html"}
    for path in written:
        assert "100042" not in path.name
        assert b"100042" not in path.read_bytes()


def test_scans_that_are_no_dicom_are_refused_before_anything_is_written(
    small_cohort: Path, predicted: Predicted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "prediction"
    scan = next(path for path in small_cohort.iterdir() if path.is_dir())
    words = ["predict", f"--t0={scan / 't0.nii'}", f"--t1={scan / 't1.nii'}", "--point0=24,24,12", "--point1=24,24,12"]
    words += ["--space=voxel", "--subject=1", f"--checkpoint={predicted.model}", f"--out={out}", "--dicom_out"]
    assert main(words) == 1
    assert "no DICOM series" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_multi_frame_scan_gets_its_report_too(predicted: Predicted, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    shutil.copytree(predicted.scans / "t0", scans / "t0")
    write_enhanced(predicted.scans / "t1", scans / "t1" / "enhanced.dcm")
    out = tmp_path / "prediction"
    before = predicted.out / "100042_1_report.dcm"
    words = [*predict_words(scans, predicted.model, out), "--dicom_out", f"--supersedes={before}"]
    assert main(words) == 0
    report = dcmread(out / "100042_1_report.dcm")
    (superseded,) = report.PredecessorDocumentsSequence
    (series,) = superseded.ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == dcmread(before).SOPInstanceUID
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    assert len([item for series in study.ReferencedSeriesSequence for item in series.ReferencedSOPSequence]) == 3
    outline = dcmread(out / "100042_1_outline_t1.dcm")
    single = dcmread(predicted.out / "100042_1_outline_t1.dcm")
    np.testing.assert_array_equal(outline.pixel_array, single.pixel_array)


def test_a_series_without_frame_of_reference_is_refused(
    predicted: Predicted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scans = tmp_path / "scans"
    shutil.copytree(predicted.scans / "t0", scans / "t0")
    write_series(make_chest(14.0), scans / "t1", StudyDate="20000103", FrameOfReferenceUID="")
    assert main([*predict_words(scans, predicted.model, tmp_path / "out"), "--dicom_out"]) == 1
    error = capsys.readouterr().err
    assert "100042/1" in error
    assert "FrameOfReferenceUID" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PatientID": "100043"}, "is of patient '100043', the new one of '100042'"),
        ({"ContentSequence": []}, "is not of nodule '1' of patient '100042'"),
    ],
)
def test_a_report_on_something_else_is_not_superseded(
    predicted: Predicted, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], words: str
) -> None:
    report = dcmread(predicted.out / "100042_1_report.dcm")
    for name, value in change.items():
        setattr(report, name, value)
    other = tmp_path / "other.dcm"
    report.save_as(other)
    command = [*predict_words(predicted.scans, predicted.model, tmp_path / "out"), "--dicom_out"]
    assert main([*command, f"--supersedes={other}"]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_report_cannot_be_superseded(
    predicted: Predicted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*predict_words(predicted.scans, predicted.model, tmp_path / "out"), "--dicom_out"]
    assert main([*words, f"--supersedes={predicted.out / '100042_1_outline_t1.dcm'}"]) == 1
    assert "is no report of this bundle" in capsys.readouterr().err
    assert main([*words[:-1], f"--supersedes={predicted.out / '100042_1_report.dcm'}"]) == 1
    assert "Add --dicom_out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
