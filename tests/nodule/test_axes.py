import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.nodule.axes import measure_axes

SPACING = 0.8


def ellipsoid(long: float, short: float, turn: float, tall: float = 6.0) -> np.ndarray:
    d, h, w = np.meshgrid(*[(np.arange(64) - 31.5) * SPACING] * 3, indexing="ij")
    along, across = w * np.cos(turn) + h * np.sin(turn), h * np.cos(turn) - w * np.sin(turn)
    return (2 * along / long) ** 2 + (2 * across / short) ** 2 + (2 * d / tall) ** 2 <= 1


@settings(max_examples=15, deadline=None)
@given(long=st.floats(8, 30), share=st.floats(0.5, 0.95), turn=st.floats(0, np.pi))
def test_the_axes_of_an_ellipsoid(long: float, share: float, turn: float) -> None:
    axes = measure_axes(ellipsoid(long, share * long, turn), SPACING)
    assert axes.long_mm == pytest.approx(long, abs=1.1)
    assert axes.short_mm == pytest.approx(share * long, abs=1.1)
    assert axes.short_mm <= axes.long_mm + 1e-6
    assert axes.mean_mm == pytest.approx((axes.long_mm + axes.short_mm) / 2)


def test_the_slice_is_the_one_where_it_is_longest() -> None:
    mask = np.zeros((8, 40, 40), bool)
    mask[2, 10:14, 10:14] = True
    mask[5, 10:14, 5:30] = True
    axes = measure_axes(mask, SPACING)
    assert axes.slice_index == 5
    assert axes.long_mm == pytest.approx(np.hypot(25, 4) * SPACING, abs=1.0)
    ends = axes.long_ends
    direction = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    across = (axes.short_ends[1] - axes.short_ends[0]) / np.linalg.norm(axes.short_ends[1] - axes.short_ends[0])
    assert abs(direction @ across) < 0.2


def test_a_single_voxel_has_the_size_of_a_voxel() -> None:
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    assert measure_axes(mask, SPACING).mean_mm == pytest.approx(SPACING, rel=0.5)
