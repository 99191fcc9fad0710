import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from csfnet_bundle.scans.vote import DIAGONALS, NEIGHBOUR_MM, count_votes

ALL = np.ones(8, bool)
SMALL = st.floats(-20, 20)


def test_neighbours_lie_22_mm_away_on_every_diagonal() -> None:
    np.testing.assert_allclose(np.linalg.norm(DIAGONALS, axis=1), NEIGHBOUR_MM)
    assert len({tuple(np.sign(line)) for line in DIAGONALS}) == 8


@given(motion=hnp.arrays(float, 3, elements=SMALL))
def test_neighbours_that_went_one_way_are_followed_exactly(motion: np.ndarray) -> None:
    vote = count_votes(np.tile(motion, (8, 1)), ALL)
    np.testing.assert_allclose(vote.motion, motion, atol=1e-9)
    assert (vote.votes, vote.is_sure) == (8, True)
    assert vote.spread_mm < 1e-9


@given(
    motion=hnp.arrays(float, 3, elements=SMALL),
    strain=hnp.arrays(float, (3, 3), elements=st.floats(-0.1, 0.1)),
    lost=st.integers(0, 7),
)
def test_a_stretch_around_the_place_does_not_move_it(motion: np.ndarray, strain: np.ndarray, lost: int) -> None:
    found = ALL.copy()
    found[lost] = False
    vote = count_votes(motion + DIAGONALS @ strain, found)
    if vote.votes == 7:
        np.testing.assert_allclose(vote.motion, motion, atol=0.5)


@pytest.mark.parametrize(("strays", "sure"), [(0, True), (3, True), (4, False), (8, False)])
def test_strays_are_outvoted_by_more(strays: int, sure: bool) -> None:
    motions = np.zeros((8, 3))
    motions[:strays] = np.array([[40.0 * (n + 1), -30.0 * n, 25.0 * n] for n in range(strays)]).reshape(strays, 3)
    vote = count_votes(motions, ALL)
    assert vote.is_sure == sure
    if sure:
        assert vote.votes == 8 - strays
        np.testing.assert_allclose(vote.motion, 0, atol=1e-9)


@pytest.mark.parametrize(("lost", "sure"), [(4, True), (5, False)])
def test_at_least_four_must_be_found_and_agree(lost: int, sure: bool) -> None:
    found = np.arange(8) >= lost
    vote = count_votes(np.tile([3.0, -2.0, 1.0], (8, 1)), found)
    assert (vote.votes, vote.is_sure) == (8 - lost, sure)


def test_agreement_in_number_alone_is_not_enough() -> None:
    scattered = np.zeros((8, 3))
    scattered[:, 0] = 7.0 * np.sign(DIAGONALS).prod(axis=1)  # to and fro in turn: no affine motion looks like it
    vote = count_votes(scattered, ALL)
    assert vote.votes == 8
    assert vote.spread_mm == pytest.approx(7.0)
    assert not vote.is_sure


def test_without_any_neighbour_there_is_no_vote() -> None:
    vote = count_votes(np.zeros((8, 3)), ~ALL)
    assert (vote.votes, vote.is_sure, vote.spread_mm) == (0, False, np.inf)
