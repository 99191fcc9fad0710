import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.cohorts.phantom.deformation import Growth, grow_nodule
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.nodule.nodule_mask import NoduleMask

GRID = RoiGrid((12.0, -30.0, 200.0), (91, 91, 91), (1.0, 1.0, 1.0))
Z, Y, X = np.meshgrid(*GRID.axes(), indexing="ij")
CENTER = np.array([[12.0], [-30.0], [200.0]])
DISTANCE = np.sqrt((X - 12) ** 2 + (Y + 30) ** 2 + (Z - 200) ** 2)


def ball(radius: float = 8.0) -> NoduleMask:
    return NoduleMask(nodule=radius > DISTANCE, lung=np.ones(DISTANCE.shape, bool), spacing=1.0)


def jacobian(growth: Growth, points: np.ndarray, step: float = 0.05) -> np.ndarray:
    """Determinants of the forward deformation at (3, N) points by central differences."""
    columns = []
    for axis in np.eye(3):
        there, back = (growth.forward(points + sign * step * axis[:, None]) for sign in (1, -1))
        columns.append((there - back) / (2 * step))
    return np.linalg.det(np.stack(columns, axis=-1).transpose(1, 0, 2))


@settings(deadline=None, max_examples=15)
@given(st.floats(0.3, 4.0).filter(lambda ratio: abs(ratio - 1) > 0.02), st.floats(4.0, 12.0))
def test_the_jacobian_over_the_nodule_is_the_ratio(ratio: float, radius: float) -> None:
    mask = ball(radius)
    growth = grow_nodule(mask, GRID, ratio)
    d, h, w = np.nonzero(mask.nodule)
    inside = np.stack([X[d, h, w], Y[d, h, w], Z[d, h, w]])[:, ::7]
    assert jacobian(growth, inside).mean() == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize("ratio", [0.35, 2.0, 4.0])
def test_nothing_folds_tears_or_is_copied(ratio: float) -> None:
    growth = grow_nodule(ball(), GRID, ratio)
    points = np.random.default_rng(0).uniform(-40, 40, (3, 4000)) + CENTER
    np.testing.assert_allclose(growth.backward(growth.forward(points)), points, atol=0.05)
    determinants = jacobian(growth, points)
    assert determinants.min() > 0.05
    far = np.linalg.norm(points - CENTER, axis=0) > 36
    np.testing.assert_allclose(growth.forward(points)[:, far], points[:, far], atol=1e-6)


def test_lung_around_a_growing_nodule_is_compressed() -> None:
    growth = grow_nodule(ball(), GRID, 3.0)
    shell = CENTER + np.diag([17.0, -18.0, 19.0])
    assert (jacobian(growth, shell) < 0.9).all()
    # What lies between the nodule and the edge of the motion loses as much volume as the nodule wins.
    lung = (DISTANCE >= 8) & (DISTANCE < 36)
    points = np.stack([X[lung], Y[lung], Z[lung]])[:, ::97]
    lost = (1 - jacobian(growth, points).mean()) * lung.sum()
    assert lost == pytest.approx(2.0 * (DISTANCE < 8).sum(), rel=0.1)


def test_the_wall_does_not_move() -> None:
    mask = NoduleMask(nodule=DISTANCE < 8, lung=X < 12 + 11, spacing=1.0)
    growth = grow_nodule(mask, GRID, 2.0)
    wall = np.array([[12.0 + 14.0] * 3, [-30.0, -26.0, -38.0], [200.0, 205.0, 193.0]])
    np.testing.assert_allclose(growth.forward(wall), wall, atol=0.3)


def test_a_nodule_without_room_is_refused() -> None:
    hemmed = NoduleMask(nodule=DISTANCE < 8, lung=DISTANCE < 8, spacing=1.0)
    with pytest.raises(BundleError, match="leave no room"):
        grow_nodule(hemmed, GRID, 8.0)
