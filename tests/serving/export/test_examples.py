"""The made-up pairs: in range, seeded, with missing values among them."""

import numpy as np

from csfnet_bundle.serving.export import example_pairs

VOCABULARY = (8, 4, 4, 8, 8, 6)


def test_pairs_are_what_the_network_takes() -> None:
    pairs = example_pairs(32, (16, 32, 32), VOCABULARY)
    assert pairs.image.shape == (32, 2, 16, 32, 32)
    assert pairs.image.dtype == np.float32
    assert pairs.image.min() >= 0
    assert pairs.image.max() <= 1
    assert (pairs.clinical < np.array(VOCABULARY)).all()
    assert (pairs.clinical == 0).any()
    assert np.isnan(pairs.interval_days).any()
    assert np.isfinite(pairs.interval_days).any()
    without_t0 = (pairs.image[:, 0] == pairs.image[:, 1]).all(axis=(1, 2, 3))
    assert without_t0.any()
    assert not without_t0.all()
    assert len(pairs.first(3)) == 3


def test_a_seed_gives_the_same_pairs() -> None:
    one, same, other = (example_pairs(4, (4, 8, 8), VOCABULARY, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.image, same.image)
    assert not np.array_equal(one.image, other.image)
