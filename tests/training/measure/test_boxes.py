from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.training.measure.boxes import (
    Box,
    box_cube,
    inset_distance,
    inset_volume,
    read_box,
    read_rows,
    unpack_boxes,
)
from csfnet_bundle.training.measure.examples import CUBE, SCALE

SPACING = (2.0, 0.7, 0.7)


def ball_box(diameter: float, slices: int = 12, shape: int = 40) -> Box:
    """A ball whose mask includes the pixels that its outline runs through, as LIDC's masks do."""
    z = (np.arange(slices) - (slices - 1) / 2) * SPACING[0]
    y = (np.arange(shape) - (shape - 1) / 2) * SPACING[1]
    distance = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + y[None, None, :] ** 2)
    radius = np.sqrt(np.maximum((diameter / 2) ** 2 - z**2, 0))[:, None, None]
    in_plane = np.sqrt(y[:, None] ** 2 + y[None] ** 2)[None]
    mask = (radius > 0) & (in_plane <= radius + SPACING[1] / 2)
    hu = np.where(distance <= diameter / 2, 20, -860).astype(np.int16)
    return Box("ball.nii.gz", "p", hu, mask, SPACING, 5)


@pytest.mark.parametrize("diameter", [8.0, 12.0, 18.0])
def test_the_inset_volume_is_that_of_the_outline(diameter: float) -> None:
    box = ball_box(diameter)
    distance = inset_distance(box.mask, box.spacing)
    true = np.pi / 6 * diameter**3
    assert inset_volume(distance, box.spacing) == pytest.approx(true, rel=0.06)
    assert box.mask.sum() * np.prod(SPACING) > 1.05 * true


@pytest.mark.parametrize("slices", [4, 12])
def test_the_target_has_the_inset_volume_also_where_the_box_ends_at_the_nodule(slices: int) -> None:
    box = ball_box(12.0, slices=slices)
    cube, example = box_cube(box, 0)
    assert cube.shape == (4, *CUBE)
    inset = inset_volume(inset_distance(box.mask, box.spacing), box.spacing)
    assert cube[2].sum() / SCALE * 0.8**3 == pytest.approx(inset, rel=0.02)
    assert example.diameter_mm == pytest.approx((6 * inset / np.pi) ** (1 / 3), abs=0.01)
    assert not example.subsolid


def test_beyond_the_box_there_is_no_nodule_and_less_weight() -> None:
    cube, _ = box_cube(ball_box(12.0, slices=4), 0)
    weight = cube[3] / SCALE
    assert set(np.unique(weight)) == {0.0, 0.5, 1.0}
    assert (weight[:, 32, 32] == 1).sum() == pytest.approx(4 * SPACING[0] / 0.8, abs=1)
    assert (weight[24, 32] > 0).sum() == pytest.approx(40 * SPACING[1] / 0.8, abs=1)
    beyond = (weight == 0.5) & (np.abs(np.arange(64) - 31.5) < 5)[None, :, None]
    beyond &= (np.abs(np.arange(64) - 31.5) < 5)[None, None]
    for continued in cube[:2]:
        assert np.percentile(continued[beyond], 90) < -700
    assert not cube[2][weight == 0].any()


def test_rows_and_volumes_are_read_and_their_absence_told(tmp_path: Path) -> None:
    for folder in ("image", "nodule_mask"):
        (tmp_path / folder).mkdir()
        array = np.zeros((5, 6, 7), np.int16)
        array[2, 3, 4] = 1
        nib.save(nib.Nifti1Image(array, np.diag([0.7, 0.7, 2.5, 1])), tmp_path / folder / "a.nii.gz")
    (tmp_path / "labels.csv").write_text("file,patient_id,texture\na.nii.gz,p1,2\n")
    assert unpack_boxes(tmp_path, tmp_path / "none") == tmp_path
    box = read_box(tmp_path, read_rows(tmp_path)[0])
    assert box.hu.shape == (7, 6, 5)
    assert box.spacing == pytest.approx((2.5, 0.7, 0.7))
    assert np.argwhere(box.mask).tolist() == [[4, 3, 2]]
    with pytest.raises(BundleError, match=r"no labels\.csv"):
        read_rows(tmp_path / "image")
    with pytest.raises(BundleError, match=r"nor voi\.tar"):
        unpack_boxes(tmp_path / "image", tmp_path)
