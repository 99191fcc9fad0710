"""The outlines as segmentations, read back by highdicom."""

from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pytest
from helpers.predicted_pair import Predicted
from pydicom import Dataset, dcmread

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.outline import mask_on_planes
from csfnet_bundle.report.dicom import NoduleResult
from csfnet_bundle.report.dicom.outline import image_planes, outline_segmentation

SHARE = 0.12
"""Of the mask's volume: the images' pixels are coarser than it."""


@pytest.mark.parametrize("scan", ["t0", "t1"])
def test_it_has_the_place_and_the_volume_of_the_measured_nodule(
    scan: str, files: dict[str, Path], result: NoduleResult
) -> None:
    volume = highdicom.seg.segread(files[f"outline_{scan}"]).get_volume(combine_segments=True)
    measured = result.measured[scan]
    voxel = abs(np.linalg.det(volume.affine[:3, :3]))
    outlined = (volume.array > 0).sum() * voxel
    assert outlined == pytest.approx(measured.mask.sum() * measured.cube.voxel_mm3, rel=SHARE)
    assert measured.mask.sum() * measured.cube.voxel_mm3 == pytest.approx(measured.volume_mm3, rel=0.2)
    middle = volume.affine @ [*np.argwhere(volume.array > 0).mean(axis=0), 1]
    expected = measured.cube.affine @ [*np.argwhere(measured.mask).mean(axis=0), 1]
    np.testing.assert_allclose(middle, expected, atol=0.5)


def test_both_belong_to_the_study_of_t1_and_name_their_own_images(
    objects: dict[str, Dataset], predicted: Predicted
) -> None:
    first = {scan: slices[0] for scan, slices in predicted.slices.items()}
    for scan in ("t0", "t1"):
        made = objects[f"outline_{scan}"]
        assert made.StudyInstanceUID == first["t1"].StudyInstanceUID
        assert made.StudyDate == first["t1"].StudyDate
        assert made.FrameOfReferenceUID == first[scan].FrameOfReferenceUID
    (other,) = objects["outline_t0"].StudiesContainingOtherReferencedInstancesSequence
    assert other.StudyInstanceUID == first["t0"].StudyInstanceUID
    assert other.ReferencedSeriesSequence[0].SeriesInstanceUID == first["t0"].SeriesInstanceUID
    assert "ReferencedSeriesSequence" not in objects["outline_t0"]
    assert objects["outline_t1"].ReferencedSeriesSequence[0].SeriesInstanceUID == first["t1"].SeriesInstanceUID


def test_its_segment_carries_the_tracking_uid_of_the_report(objects: dict[str, Dataset], result: NoduleResult) -> None:
    segments = [objects[f"outline_{scan}"].SegmentSequence[0] for scan in ("t0", "t1")]
    assert {segment.TrackingUID for segment in segments} == {result.uids.tracking}
    assert segments[0].SegmentedPropertyTypeCodeSequence[0].CodeValue == "786838002"


def test_a_nodule_between_two_thick_slices_is_still_shown(result: NoduleResult) -> None:
    """Every tenth image, 20 mm apart: the nodule of 8 mm lies between two of them."""
    measured = result.measured["t0"]
    planes = image_planes(result.scans["t0"])
    middle = measured.cube.affine @ [*np.argwhere(measured.mask).mean(axis=0), 1]
    planes.sort(key=lambda plane: plane.origin[2])
    nearest = min(range(len(planes)), key=lambda index: abs(planes[index].origin[2] - middle[2]))
    few = planes[(nearest + 5) % 10 :: 10]
    assert min(abs(plane.origin[2] - middle[2]) for plane in few) > 8
    masks = mask_on_planes(measured, few)
    assert any(mask is not None and mask.any() for mask in masks)


def test_a_scan_that_does_not_reach_the_nodule_has_no_outline(result: NoduleResult) -> None:
    away = [plane.header for plane in image_planes(result.t1) if abs(plane.origin[2] - result.t1.point[2]) > 20]
    far = replace(result, t1=replace(result.t1, instances=tuple(away)))
    with pytest.raises(BundleError, match="no image of the scan shows"):
        outline_segmentation(far, "t1")


def test_dcmread_reads_one_bit(files: dict[str, Path]) -> None:
    made = dcmread(files["outline_t1"])
    assert (made.BitsAllocated, made.SegmentationType) == (1, "BINARY")
    assert set(np.unique(made.pixel_array)) == {0, 1}
