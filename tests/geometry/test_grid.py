import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid

sizes = st.tuples(*[st.integers(1, 64)] * 3)
spacings = st.tuples(*[st.floats(0.1, 5)] * 3)
centers = st.tuples(*[st.floats(-500, 500)] * 3)


@given(centers, sizes, spacings)
def test_the_axes_are_the_affines(
    center: tuple[float, float, float], size: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    grid = RoiGrid(center, size, spacing)
    z, y, x = grid.axes()
    assert (len(z), len(y), len(x)) == size
    last = np.array(size) - 1
    np.testing.assert_allclose((grid.affine @ [*last, 1])[:3], (x[-1], y[-1], z[-1]), atol=1e-9)
    np.testing.assert_allclose((grid.affine @ [*(last / 2), 1])[:3], center, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "spacing", "word"),
    [
        ((16, 64), (1.0, 1.0, 1.0), "size"),
        ((16, 64, 0), (1.0, 1.0, 1.0), "size"),
        ((100_000, 100_000, 100_000), (1.0, 1.0, 1.0), "at most 134217728"),
        ((16, 64, 64), (1.0, 0.0, 1.0), "spacing"),
        ((16, 64, 64), (1.0, float("nan"), 1.0), "spacing"),
    ],
)
def test_what_is_no_grid_is_refused(size: tuple[int, int, int], spacing: tuple[float, float, float], word: str) -> None:
    with pytest.raises(BundleError, match=word):
        RoiGrid((0.0, 0.0, 0.0), size, spacing)
