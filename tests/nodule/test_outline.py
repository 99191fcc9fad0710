"""The mask of a nodule on the voxels of scans that lie otherwise than the measured cube."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from csfnet_bundle.nodule.outline import mask_on_scan

RADIUS, SPACING, SIZE = 6.0, 0.8, 64


def sphere() -> Any:
    """What of a measurement is looked at: a ball of 6 mm at (10, -20, 30) mm LPS in the measured cube."""
    affine = np.eye(4) * [SPACING, SPACING, SPACING, 1]
    affine[:3, 3] = np.array([10, -20, 30]) - SPACING * (SIZE - 1) / 2
    away = (np.indices((SIZE,) * 3) - (SIZE - 1) / 2) * SPACING
    return SimpleNamespace(cube=SimpleNamespace(affine=affine), mask=np.sqrt((away**2).sum(axis=0)) <= RADIUS)


def oblique(spacing: tuple[float, float, float]) -> np.ndarray:
    turn, tilt = np.deg2rad([25, 15])
    around_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    around_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = around_z @ around_x @ np.diag(spacing)
    return affine


@pytest.mark.parametrize("flip", [1, -1], ids=["ascending", "descending"])
@pytest.mark.parametrize("spacing", [(0.7, 0.7, 1.25), (1.1, 0.6, 2.0)])
def test_it_has_the_volume_and_the_place_of_the_nodule(spacing: tuple[float, float, float], flip: int) -> None:
    shape = (80, 90, 40)
    affine = oblique((spacing[0], spacing[1], flip * spacing[2]))
    affine[:3, 3] = [10, -20, 30] - affine[:3, :3] @ (np.array(shape) / 2 + 0.3)
    mask = mask_on_scan(sphere(), affine, shape)
    assert mask.shape == shape
    assert set(np.unique(mask)) == {0, 1}
    assert mask.sum() * abs(np.linalg.det(affine[:3, :3])) == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.06)
    np.testing.assert_allclose(affine @ [*np.argwhere(mask).mean(axis=0), 1], [10, -20, 30, 1], atol=0.3)


def test_a_scan_that_ends_within_the_nodule_has_the_part_that_it_shows() -> None:
    affine = np.eye(4)
    affine[:3, 3] = [-10, -40, 30]  # the first slice cuts the ball in halves
    mask = mask_on_scan(sphere(), affine, (40, 40, 20))
    assert mask.sum() == pytest.approx(2 / 3 * np.pi * RADIUS**3, rel=0.15)
    assert mask[:, :, 8:].sum() == 0


def test_a_scan_elsewhere_has_none() -> None:
    affine = np.eye(4)
    affine[:3, 3] = [-10, -40, 60]
    assert not mask_on_scan(sphere(), affine, (40, 40, 20)).any()
