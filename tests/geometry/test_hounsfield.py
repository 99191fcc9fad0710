import numpy as np
import pytest
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry.hounsfield import HIGHEST_CT_HU, check_hounsfield


def chest(noise: float = 20.0) -> NDArray[np.float64]:
    """A slice with air around a body of soft tissue and two lungs."""
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    slice_hu = np.where(x**2 + y**2 < 0.8, 40.0, -1000.0)
    slice_hu[(np.abs(x) - 0.4) ** 2 + y**2 < 0.09] = -860.0
    return slice_hu + np.random.default_rng(0).normal(0, noise, slice_hu.shape)


def test_a_chest_passes_whatever_its_noise() -> None:
    check_hounsfield(chest())
    check_hounsfield(chest(150.0))
    check_hounsfield(chest()[40:90, 20:70])


@pytest.mark.parametrize("padding", [-1024.0, -2000.0, -3024.0, -32768.0])
def test_padding_does_not_count(padding: float) -> None:
    padded = chest()
    padded[:40] = padding
    check_hounsfield(padded)


def test_what_a_spline_makes_of_padding_does_not_count() -> None:
    padded = chest()
    padded[:40] = -2000.0
    padded[40:42] = -2180.0
    padded[42:44] = -1700.0
    check_hounsfield(padded)


def test_metal_is_read_and_many_words_that_wrapped_are_not() -> None:
    values = chest()
    values[:2] = HIGHEST_CT_HU
    check_hounsfield(values)
    values[:2] = 32_768 - 1024  # the lowest signed word, called unsigned
    with pytest.raises(Refusal, match="lie above 31743 HU: unsigned words"):
        check_hounsfield(values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("without its intercept", chest() + 1024),
        ("intercept twice", np.maximum(chest() - 1024, -2048)),
        ("grey values", np.clip((chest() + 1000) / 1400 * 255, 0, 255).astype(np.uint8)),
        ("scaled to one", (chest() + 1000) / 1400),
        ("slope missing", chest() / 16),
        ("not a number", np.where(chest() > 0, np.nan, chest())),
        ("constant", np.zeros((8, 8))),
        ("unsigned words", np.where(chest() < -1000, chest() + 65536, chest())),
    ],
)
def test_what_is_no_hounsfield_unit_is_refused(name: str, values: NDArray[np.generic]) -> None:
    with pytest.raises(Refusal) as caught:
        check_hounsfield(values, series=name)
    assert caught.value.code is RefusalCode.NOT_HU
    assert caught.value.series == name
