import numpy as np
import pytest

from csfnet_bundle.inputs.roi_statistics import OF_ONE, STATISTICS, pair_statistics, scan_statistics

SPACING = (1.0, 1.0, 1.0)


def ball(diameter: float, offset: float = 0.0) -> np.ndarray:
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in (16, 32, 32)), indexing="ij")
    roi = np.full((16, 32, 32), -850.0, np.float32)
    roi[np.sqrt(x**2 + (y - offset) ** 2 + z**2) <= diameter / 2] = 40.0
    return roi


def named(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    return dict(zip(STATISTICS, pair_statistics(np.stack([first, second]), SPACING), strict=True))


def test_one_nodule_twice_is_alike_and_two_places_are_not():
    same, other = named(ball(8), ball(8)), named(ball(8), ball(8, offset=10))
    assert same["likeness"] == pytest.approx(1)
    assert other["likeness"] < 0.3
    assert other["tissue_likeness"] < 0.1 < same["tissue_likeness"]


def test_air_and_wall_show_in_the_shares():
    air, wall = np.full((16, 32, 32), -1000.0, np.float32), np.full((16, 32, 32), -90.0, np.float32)
    found = named(air, wall)
    assert found["t0_air_share"] == found["t1_tissue_share"] == found["t1_rim_tissue"] == 1
    assert found["likeness"] == 0
    assert np.isfinite(list(found.values())).all()


def test_contrast_medium_and_padding_change_nothing():
    strange = ball(8)
    strange[0, 0, 0], strange[8, 16, 16] = -3000.0, 3000.0
    plain = ball(8)
    plain[0, 0, 0], plain[8, 16, 16] = -1100.0, 400.0
    np.testing.assert_allclose(
        pair_statistics(np.stack([strange] * 2), SPACING), pair_statistics(np.stack([plain] * 2), SPACING)
    )


def test_a_pair_has_the_statistics_of_both_scans():
    pair = pair_statistics(np.stack([ball(6), ball(12)]), SPACING)
    for start, roi in ((0, ball(6)), (len(OF_ONE), ball(12))):
        np.testing.assert_array_equal(pair[start : start + len(OF_ONE)], scan_statistics(roi, SPACING))
