"""What the report says, read back by highdicom."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import highdicom
import pytest
from helpers.dicom_result import make_result
from helpers.predicted_pair import Predicted
from pydicom import Dataset

from csfnet_bundle.nodule.flags import Flag, FlagCode
from csfnet_bundle.report.dicom import NoduleResult, write_dataset
from csfnet_bundle.report.dicom.codes import SCHEME
from csfnet_bundle.report.dicom.structured_report import structured_report


@pytest.fixture(scope="module")
def groups(files: dict[str, Path]) -> list[highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations]:
    """The measured groups, t1's first."""
    found = highdicom.sr.srread(files["report"]).content.get_volumetric_roi_measurement_groups()
    assert len(found) == 2
    return list(found)


def texts(report: Dataset) -> list[Dataset]:
    """Return all content items with text."""
    return [item for item in _descendants(report) if item.get("ValueType") == "TEXT"]


def _descendants(item: Dataset) -> list[Dataset]:
    children = list(item.get("ContentSequence", []))
    return [*children, *(below for child in children for below in _descendants(child))]


def _values(group: highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations) -> dict[str, tuple[float, str]]:
    return {item.name.value: (float(item.value), item.unit.value) for item in group.get_measurements()}


def test_the_measurements_stand_in_it_with_units(
    groups: list[highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations], result: NoduleResult
) -> None:
    for group, scan in zip(groups, ("t1", "t0"), strict=True):
        values, measured = _values(group), result.measured[scan]
        assert values["118565006"] == (round(measured.volume_mm3), "mm3")
        assert values["103339001"] == (round(measured.long_axis_mm, 1), "mm")
        assert values["103340004"] == (round(measured.short_axis_mm, 1), "mm")
        assert values["81827009"] == (round(measured.mean_diameter_mm, 1), "mm")
        assert group.finding_type.value == "786838002"
        assert group.finding_sites[0].value.value == "39607008"


def test_growth_stands_with_the_later_scan(
    groups: list[highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations], result: NoduleResult
) -> None:
    later, earlier = map(_values, groups)
    growth = result.growth
    assert growth is not None
    assert growth.doubling_time_days is not None
    assert later["VOLUME_RATIO"] == (round(growth.volume_ratio or 0, 2), "{ratio}")
    assert later["DOUBLING_TIME"] == (round(growth.doubling_time_days), "d")
    assert later["RATIO_LOW_95"][0] < later["VOLUME_RATIO"][0] < later["RATIO_HIGH_95"][0]
    assert not [name for name in earlier if name.startswith(("VOLUME_", "RATIO_", "DOUBLING"))]


def test_growth_by_a_doubtful_volume_is_called_doubtful(objects: dict[str, Dataset], result: NoduleResult) -> None:
    disagree = replace(result.measured["t0"], flags=(Flag(FlagCode.METHODS_DISAGREE, "They differ by 9 mm³."),))
    doubted = replace(result, measured={**result.measured, "t0": disagree})
    told = "since the volume is: in t0 the methods disagree."
    for made, is_doubtful in ((result, False), (doubted, True)):
        outlines = [deepcopy(objects[f"outline_{scan}"]) for scan in ("t1", "t0")]
        for outline, scan in zip(outlines, ("t1", "t0"), strict=True):
            outline.SOPInstanceUID = made.uids.instance(f"outline {scan}")
        report = structured_report(made, outlines)
        codes = [
            item.ConceptNameCodeSequence[0].CodeValue
            for item in _descendants(report)
            if "ConceptNameCodeSequence" in item
        ]
        assert ("RELIABILITY" in codes) is is_doubtful
        assert any(told in item.TextValue for item in texts(report)) is is_doubtful
        # The scans declare no character set, so that ASCII alone can be written.
        assert all(item.TextValue.isascii() for item in texts(report))


def test_each_refers_to_its_outline(
    groups: list[highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations], objects: dict[str, Dataset]
) -> None:
    for group, scan in zip(groups, ("t1", "t0"), strict=True):
        reference = group.referenced_segment
        assert reference is not None
        assert reference.referenced_sop_instance_uid == objects[f"outline_{scan}"].SOPInstanceUID


def test_a_matched_point_is_said_to_be_not_confirmed(predicted: Predicted) -> None:
    plain = make_result(predicted.scans, measured=False)
    for matched, words in ((True, "Matched automatically, not confirmed"), (False, "Given by the user")):
        report = structured_report(replace(plain, matched=matched))
        assert words in str(report)
        assert ("not confirmed" in str(report)) is matched


def test_title_and_scheme_say_whose_and_for_what(objects: dict[str, Dataset]) -> None:
    report = objects["report"]
    assert "research use" in report.ConceptNameCodeSequence[0].CodeMeaning
    assert report.ConceptNameCodeSequence[0].CodeValue == "126000"
    assert report.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == SCHEME
    assert all(made.SeriesDescription.startswith("RESEARCH USE ONLY") for made in objects.values())
    assert all(len(made.SeriesDescription) <= 64 for made in objects.values())


def test_without_measurements_it_holds_points_and_reason(predicted: Predicted, tmp_path: Path) -> None:
    plain = replace(make_result(predicted.scans, measured=False), remarks=("Not measured, t1: NO_NODULE.",))
    report = structured_report(plain)
    write_dataset(tmp_path / "report.dcm", report)
    content = highdicom.sr.srread(tmp_path / "report.dcm").content
    assert any("NO_NODULE" in str(item.TextValue) for item in texts(report))
    assert len(content.get_planar_roi_measurement_groups()) == 2
    assert content.get_volumetric_roi_measurement_groups() == []


def test_a_probability_that_is_not_calibrated_is_called_so(predicted: Predicted) -> None:
    plain = make_result(predicted.scans, measured=False)
    caveat = replace(plain.case.weights, pair_caveat="Not for pairs.")
    for weights, pair in ((caveat, True), (plain.case.weights, False)):
        report = structured_report(replace(plain, case=replace(plain.case, weights=weights)))
        said = [item.TextValue for item in texts(report)]
        assert ("Not for pairs." in said) is pair
        assert ("scale: probability, not calibrated, 0 to 100 %" in said) is pair
        assert ("scale: calibrated probability, 0 to 100 %" in said) is not pair
