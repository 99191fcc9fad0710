import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings

sizes = st.tuples(*[st.integers(1, 200)] * 3)
spacings = st.tuples(*[st.floats(0.05, 20)] * 3)
windows = st.tuples(st.floats(-3000, 0), st.floats(1, 3000))


@given(sizes, spacings, windows)
def test_plain_values_bring_the_same_settings_back(
    size: tuple[int, ...], spacing: tuple[float, ...], window: tuple[float, ...]
) -> None:
    settings = RoiSettings.from_plain({"size": list(size), "spacing": list(spacing), "window": list(window)})
    assert RoiSettings.from_plain(settings.to_plain()) == settings
    assert settings.to_plain() == {"size": list(size), "spacing": list(spacing), "window": list(window)}


def test_the_papers_roi_is_the_default() -> None:
    assert RoiSettings.from_plain({}) == RoiSettings((16, 64, 64), (1.0, 1.0, 1.0), (-1200.0, 600.0))


@given(st.tuples(*[st.floats(-500, 500)] * 3), sizes)
def test_the_point_is_the_middle_of_the_grid(center: tuple[float, float, float], size: tuple[int, int, int]) -> None:
    grid = RoiSettings(size=size, spacing=(2.0, 1.0, 0.5)).grid(center)
    middle = [*((np.array(size) - 1) / 2), 1.0]
    np.testing.assert_allclose((grid.affine @ middle)[:3], center, atol=1e-9)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"size": [16, 64]}, "size"),
        ({"size": [16, 64, 0]}, "size"),
        ({"size": [16, 64.5, 64]}, "64.5"),
        ({"size": "16,64,64"}, "size"),
        ({"size": 16}, "size"),
        ({"spacing": [1, 1, -1]}, "spacing"),
        ({"spacing": [1, 1, float("nan")]}, "spacing"),
        ({"spacing": [1, 1, None]}, "spacing"),
        ({"window": [600, -1200]}, "window"),
        ({"window": [0, float("inf")]}, "window"),
        ({"window": [True, 600]}, "window"),
        ({"sise": [16, 64, 64]}, "sise"),
    ],
)
def test_what_is_no_roi_is_refused_with_its_value(values: dict[str, object], word: str) -> None:
    with pytest.raises(BundleError, match=word):
        RoiSettings.from_plain(values)
