"""What makes a classic series refused makes an Enhanced multi-frame one refused too."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.series_edits import enhanced
from helpers.synthetic_series import make_series, write_slice
from pydicom.dataset import Dataset

from csfnet_bundle.cohorts.phantom.enhanced import enhanced_from_slices
from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series


def set_spacing(*mm: float) -> Callable[[Dataset], None]:
    def edit(data: Dataset) -> None:
        for frame in data.PerFrameFunctionalGroupsSequence:
            frame.PixelMeasuresSequence[0].PixelSpacing = list(mm)

    return edit


def set_transformation(**elements: object) -> Callable[[Dataset], None]:
    def edit(data: Dataset) -> None:
        for frame in data.PerFrameFunctionalGroupsSequence:
            for name, value in elements.items():
                setattr(frame.PixelValueTransformationSequence[0], name, value)

    return edit


def drop_transformation(data: Dataset) -> None:
    del data.PerFrameFunctionalGroupsSequence[3].PixelValueTransformationSequence


def drop_place(data: Dataset) -> None:
    del data.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence


def turn_one_frame(data: Dataset) -> None:
    frame = data.PerFrameFunctionalGroupsSequence[3]
    frame.PlaneOrientationSequence = [Dataset()]
    frame.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, -1, 0]


def damage_the_orientation_of_the_last_frame(data: Dataset) -> None:
    """Not another view that could be left out: nothing shows that it is one."""
    places = [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in data.PerFrameFunctionalGroupsSequence]
    frame = data.PerFrameFunctionalGroupsSequence[places.index(max(places))]
    frame.PlaneOrientationSequence = [Dataset()]
    frame.PlaneOrientationSequence[0].ImageOrientationPatient = [23601, 23600, 23600, 23600, 23601, 8240]


def damage_the_class_and_drop_the_last_frame(data: Dataset) -> None:
    """Not a picture beside the slices, although it has no CT class and lies nowhere: the volume would end early."""
    places = [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in data.PerFrameFunctionalGroupsSequence]
    data.PerFrameFunctionalGroupsSequence[places.index(max(places))] = Dataset()
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.4.1.2.1"


def two_frames_at_one_place(data: Dataset) -> None:
    frames = data.PerFrameFunctionalGroupsSequence
    frames[3].PlanePositionSequence = frames[4].PlanePositionSequence


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (set_spacing(0, 0), RefusalCode.NO_GEOMETRY),
        (set_spacing(1e-9, 1e-9), RefusalCode.NO_GEOMETRY),
        (set_spacing(1000, 1000), RefusalCode.NO_GEOMETRY),
        (set_transformation(RescaleType="OD"), RefusalCode.NOT_HU),
        (set_transformation(RescaleSlope=0), RefusalCode.NOT_HU),
        (set_transformation(RescaleIntercept=0), RefusalCode.NOT_HU),
        (drop_transformation, RefusalCode.NOT_HU),
        (drop_place, RefusalCode.NO_GEOMETRY),
        (turn_one_frame, RefusalCode.INCONSISTENT_GEOMETRY),
        (damage_the_orientation_of_the_last_frame, RefusalCode.INCONSISTENT_GEOMETRY),
        (damage_the_class_and_drop_the_last_frame, RefusalCode.NO_GEOMETRY),
        (two_frames_at_one_place, RefusalCode.DUPLICATE_POSITION),
    ],
)
def test_refused(edit: Callable[[Dataset], None], code: RefusalCode, tmp_path: Path) -> None:
    data = enhanced(make_series())
    edit(data)
    write_slice(tmp_path / "enhanced.dcm", data)
    with pytest.raises(Refusal) as caught:
        read_volume(select_series(scan_folder(tmp_path)))
    assert caught.value.code is code


def test_two_phases_of_one_instance_are_two_series(tmp_path: Path) -> None:
    """Frames at the same places, told apart by FrameAcquisitionNumber alone."""
    series = make_series()
    phases = [*copy.deepcopy(series), *copy.deepcopy(series)]
    data = enhanced_from_slices(phases, acquisitions=[1] * len(series) + [2] * len(series))
    write_slice(tmp_path / "enhanced.dcm", data)
    found = scan_folder(tmp_path)
    assert sorted(item.part for item in found) == ["acquisition 1", "acquisition 2"]
    with pytest.raises(Refusal, match="acquisition-1") as caught:
        select_series(found)
    assert caught.value.code is RefusalCode.AMBIGUOUS_SERIES
    assert len(read_volume(select_series(found, uid=found[1].name)).array[0, 0]) == len(series)


def test_shared_groups_stand_for_those_that_frames_lack(tmp_path: Path) -> None:
    data = enhanced(make_series(ConvolutionKernel="B30f"))
    shared = data.SharedFunctionalGroupsSequence[0]
    shared.PixelMeasuresSequence = data.PerFrameFunctionalGroupsSequence[0].PixelMeasuresSequence
    for frame in data.PerFrameFunctionalGroupsSequence:
        del frame.PixelMeasuresSequence
    write_slice(tmp_path / "enhanced.dcm", data)
    (series,) = scan_folder(tmp_path)
    assert (series.kernel, series.slice_thickness, series.pixel_spacing) == ("B30f", 1.5, (0.9, 0.8))
    assert series.image_type == r"ORIGINAL\PRIMARY\VOLUME\NONE"
    assert series.refusal is None


def test_a_frame_computed_from_others_is_known_by_its_technique(tmp_path: Path) -> None:
    data = enhanced(make_series())
    for frame in data.PerFrameFunctionalGroupsSequence:
        frame.CTImageFrameTypeSequence[0].VolumeBasedCalculationTechnique = "MAX_IP"
    write_slice(tmp_path / "enhanced.dcm", data)
    with pytest.raises(Refusal) as caught:
        select_series(scan_folder(tmp_path))
    assert caught.value.code is RefusalCode.DERIVED_SERIES


REQUIRED = {
    "FrameContentSequence": {"FrameAcquisitionNumber", "FrameAcquisitionDateTime", "FrameReferenceDateTime"},
    "PlanePositionSequence": {"ImagePositionPatient"},
    "PlaneOrientationSequence": {"ImageOrientationPatient"},
    "PixelMeasuresSequence": {"PixelSpacing", "SliceThickness"},
    "FrameAnatomySequence": {"FrameLaterality", "AnatomicRegionSequence"},
    "PixelValueTransformationSequence": {"RescaleIntercept", "RescaleSlope", "RescaleType"},
    "FrameVOILUTSequence": {"WindowCenter", "WindowWidth"},
    "IrradiationEventIdentificationSequence": {"IrradiationEventUID"},
    "CTImageFrameTypeSequence": {"FrameType", "PixelPresentation", "VolumetricProperties"},
    "CTAcquisitionTypeSequence": {"AcquisitionType"},
    "CTAcquisitionDetailsSequence": {"RotationDirection", "RevolutionTime"},
    "CTTableDynamicsSequence": {"TableSpeed"},
    "CTPositionSequence": {"ReconstructionTargetCenterPatient"},
    "CTGeometrySequence": {"DistanceSourceToDetector"},
    "CTReconstructionSequence": {"ReconstructionAlgorithm", "ConvolutionKernel", "ReconstructionPixelSpacing"},
    "CTExposureSequence": {"ExposureTimeInms"},
    "CTXRayDetailsSequence": {"KVP"},
}
"""Functional groups of Enhanced CT (DICOM PS3.3, table A.38-2) and attributes of each, by the standard's text."""


def test_the_generator_writes_every_group_that_the_standard_asks_for() -> None:
    data = enhanced(make_series())
    for frame in data.PerFrameFunctionalGroupsSequence:
        groups = {**groups_of(data.SharedFunctionalGroupsSequence[0]), **groups_of(frame)}
        assert all(attributes <= groups[name] for name, attributes in REQUIRED.items())


def groups_of(item: Dataset) -> dict[str, set[str]]:
    return {element.keyword: {inner.keyword for inner in element.value[0]} for element in item}
