import numpy as np
from helpers.drawn_spheres import LUNG_HU

from csfnet_bundle.nodule.beyond_scan import continue_beyond


def block_with(nodule: slice, wall: slice | None = None) -> np.ndarray:
    block = np.full((40, 40, 10), LUNG_HU, np.float32)
    block[nodule, nodule] = 20
    if wall is not None:
        block[:, wall] = 40
    return block


def test_a_nodule_that_fills_the_block_is_not_mirrored_but_the_wall_is() -> None:
    block = block_with(slice(16, 24), slice(34, 40))
    padded = continue_beyond(block, [(0, 0), (0, 0), (8, 8)], np.eye(4), np.array([19.5, 19.5, 5.0]))
    assert padded.shape == (40, 40, 26)
    np.testing.assert_array_equal(padded[:, :, 8:18], block)
    beyond = np.concatenate([padded[:, :, :8], padded[:, :, 18:]], axis=2)
    assert beyond[16:24, 16:24].max() < LUNG_HU + 150
    assert (beyond[:, 35:] == 40).all()


def test_a_nodule_at_the_wall_does_not_take_the_wall_with_it() -> None:
    block = block_with(slice(16, 24), slice(24, 40))
    center = np.array([19.5, 19.5, 8.0])  # near one face, far from the other
    padded = continue_beyond(block, [(0, 0), (0, 6), (8, 8)], np.eye(4), center)
    for beyond in (padded[:, :, :8], padded[:, :, 18:]):
        assert beyond[17:23, 17:23].max() < LUNG_HU + 150
        assert (beyond[:, 27:] == 40).all()
    assert (padded[:, 40:] == 40).all()  # the nodule does not reach that face


def test_the_same_block_is_always_continued_alike() -> None:
    block = block_with(slice(16, 24))
    made = [continue_beyond(block, [(0, 0), (0, 0), (8, 8)], np.eye(4), np.array([20.0, 20, 5])) for _ in range(2)]
    np.testing.assert_array_equal(*made)


def test_nothing_is_made_up_where_nothing_is_missing() -> None:
    block = block_with(slice(16, 24))
    np.testing.assert_array_equal(continue_beyond(block, [(0, 0)] * 3, np.eye(4), np.array([20.0, 20, 5])), block)
