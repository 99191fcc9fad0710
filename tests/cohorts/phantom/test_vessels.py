"""The vessel tree reaches every target, with radii that add up."""

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.vessels import (
    FREE_RADIUS,
    LARGEST_RADIUS,
    MURRAY_EXPONENT,
    TERMINAL_RADIUS,
    bend_around,
    grow_vessels,
)


@pytest.fixture(scope="module")
def tree():
    rng = np.random.default_rng(0)
    targets = rng.uniform(-50, 50, (300, 3))
    return grow_vessels(np.array([60.0, 0, 0]), targets), targets


def test_every_target_is_the_end_of_one_piece_and_all_hang_together(tree):
    vessels, targets = tree
    ends = {tuple(np.float32(end)) for end in vessels.ends}
    assert ends == {tuple(np.float32(target)) for target in targets}
    assert {tuple(np.float32(start)) for start in vessels.starts} <= ends | {(60.0, 0.0, 0.0)}


def test_radii_follow_murrays_law_at_branchings(tree):
    vessels, _ = tree
    for piece, end in enumerate(vessels.ends):
        children = np.flatnonzero((vessels.starts == end).all(axis=1))
        below = (vessels.radii[children, 0] ** MURRAY_EXPONENT).sum() + TERMINAL_RADIUS**MURRAY_EXPONENT
        assert vessels.radii[piece, 0] == pytest.approx(min(below ** (1 / MURRAY_EXPONENT), LARGEST_RADIUS))


def test_vessels_only_taper(tree):
    vessels, _ = tree
    assert (vessels.radii[:, 1] <= vessels.radii[:, 0] + 1e-9).all()
    assert vessels.radii.min() == pytest.approx(TERMINAL_RADIUS)


def test_vessels_bend_around_the_nodule_and_stay_connected(tree):
    vessels, targets = tree
    place = targets[0] + 1.0
    bent = bend_around(vessels, place)
    along = np.linspace(0, 1, 9)[:, None, None]
    points = bent.starts + along * (bent.ends - bent.starts)
    assert np.linalg.norm(points - place, axis=2).min() > 0.9 * FREE_RADIUS
    ends = {tuple(np.round(end, 6)) for end in bent.ends}
    roots = {tuple(np.round(start, 6)) for start in bent.starts} - ends
    assert len(roots) == 1  # the hilum


def test_vessels_far_from_the_nodule_hardly_move(tree):
    vessels, _ = tree
    place = np.array([400.0, 0, 0])
    bent = bend_around(vessels, place)
    np.testing.assert_allclose(bent.starts, vessels.starts, atol=0.01)
    np.testing.assert_array_equal(bent.radii, vessels.radii)
