"""The attention as a parametric map: 16 bits, where there is a focus."""

from dataclasses import replace
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pytest
from helpers.dicom_result import ROI_SIZE, focused_images, roi_affine
from helpers.predicted_pair import POINTS, Predicted
from pydicom import Dataset, dcmread
from pydicom.uid import ParametricMapStorage

from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.report import write_attention_nifti
from csfnet_bundle.report.dicom import NoduleResult
from csfnet_bundle.report.dicom.attention_map import attention_parametric_map, has_focus

PLACE_TOLERANCE_MM = 1e-3


@pytest.fixture(scope="module")
def parametric_map(files: dict[str, Path]) -> Dataset:
    return dcmread(files["attention"])


def test_it_lies_in_the_frame_of_reference_and_study_of_t1(parametric_map: Dataset, predicted: Predicted) -> None:
    first = predicted.slices["t1"][0]
    assert parametric_map.SOPClassUID == ParametricMapStorage
    assert parametric_map.FrameOfReferenceUID == first.FrameOfReferenceUID
    assert parametric_map.StudyInstanceUID == first.StudyInstanceUID
    referenced = {
        item.ReferencedSOPInstanceUID
        for series in parametric_map.ReferencedSeriesSequence
        for item in series.ReferencedInstanceSequence
    }
    assert referenced == {item.SOPInstanceUID for item in predicted.slices["t1"]}


def test_it_has_the_values_and_the_place_of_the_nifti_file(files: dict[str, Path], tmp_path: Path) -> None:
    """Two formats, two writers, one map: every voxel of the one is at its place in the other, read by highdicom."""
    write_attention_nifti(tmp_path / "map.nii.gz", focused_images().attention, roi_affine(), ROI_SIZE)
    nifti = nib.load(tmp_path / "map.nii.gz")
    volume = highdicom.imread(files["attention"]).get_volume(apply_real_world_transform=True, dtype=np.float64)
    index = np.stack([*np.meshgrid(*map(np.arange, nifti.shape), indexing="ij"), np.ones(nifti.shape)], axis=-1)
    place = index @ (LPS_FROM_RAS @ nifti.affine).T  # (W, H, D, 4), LPS mm
    there = place @ np.linalg.inv(volume.affine).T[:, :3]
    nearest = np.rint(there).astype(int)
    np.testing.assert_allclose(there, nearest, atol=PLACE_TOLERANCE_MM)
    half_step = nifti.get_fdata().max() / 65535
    np.testing.assert_allclose(volume.array[tuple(np.moveaxis(nearest, -1, 0))], nifti.get_fdata(), atol=half_step)
    np.testing.assert_allclose(place.reshape(-1, 4).mean(axis=0)[:3], POINTS["t1"], atol=PLACE_TOLERANCE_MM)
    assert np.ptp(volume.array) > 1


def test_the_window_runs_from_the_average_cell_to_the_largest(parametric_map: Dataset) -> None:
    assert (parametric_map.BitsAllocated, parametric_map.PixelData[:0]) == (16, b"")
    shared = parametric_map.SharedFunctionalGroupsSequence[0]
    window = shared.FrameVOILUTSequence[0]
    slope = shared.RealWorldValueMappingSequence[0].RealWorldValueSlope
    center, width = float(window.WindowCenter) * slope, float(window.WindowWidth) * slope
    assert center - width / 2 == pytest.approx(1, abs=0.01)
    assert center + width / 2 == pytest.approx(float(parametric_map.pixel_array.max()) * slope, abs=0.01)


def test_it_is_called_no_evidence_unless_training_had_to_select(result: NoduleResult, parametric_map: Dataset) -> None:
    weights = replace(result.case.weights, attention_selects=True)
    selecting = replace(result, case=replace(result.case, weights=weights))
    made = attention_parametric_map(selecting, focused_images().attention, roi_affine(), ROI_SIZE)
    assert "no evidence" in parametric_map.ContentDescription
    assert "had to select" in made.ContentDescription
    assert "no evidence" not in made.ContentDescription
    assert max(len(one.ContentDescription) for one in (made, parametric_map)) <= 64


def test_a_flat_map_is_left_out(predicted: Predicted) -> None:
    almost = np.full((4, 8, 8), 1.0)
    almost[0, 0, 0] = 1.4
    assert not has_focus(almost)
    assert not has_focus(None)
    assert has_focus(focused_images().attention)
    assert not (predicted.out / "100042_1_attention.dcm").exists()  # the small network of the tests has no focus
