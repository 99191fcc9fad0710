from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.phantom.scanner_noise import measure_grain, noise_slices, split_slice

SHAPE = (160, 144, 12)


def noise(sigma: float = 0.8, rho: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """Noise of variance 1 with a grain in the plane and a correlation from slice to slice."""
    white = np.random.default_rng(seed).standard_normal(SHAPE)
    grain = ndimage.gaussian_filter(white, (sigma, sigma, 0), mode="wrap")
    for k in range(1, SHAPE[2]):
        grain[:, :, k] = rho * grain[:, :, k - 1] + np.sqrt(1 - rho**2) * grain[:, :, k]
    return grain / grain.std()


def tissue(level: float = 20.0, **options: float) -> NDArray[np.float32]:
    return (40 + level * noise(**options)).astype(np.float32)  # type: ignore[arg-type]


def neighbour_correlation(slice_: NDArray[np.floating]) -> float:
    return float(np.corrcoef(slice_[1:].ravel(), slice_[:-1].ravel())[0, 1])


@pytest.mark.parametrize("sigma", [0.4, 0.7, 1.0])
def test_new_noise_has_the_grain_of_the_old(sigma: float) -> None:
    grain = measure_grain(tissue(sigma=sigma))
    new = next(noise_slices(grain, (256, 200), np.random.default_rng(5)))
    assert new.std() == pytest.approx(1, abs=0.03)
    assert neighbour_correlation(new) == pytest.approx(neighbour_correlation(noise(sigma)[:, :, 0]), abs=0.1)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_new_noise_is_correlated_along_z_as_the_old(rho: float) -> None:
    grain = measure_grain(tissue(rho=rho))
    slices = np.stack(list(islice(noise_slices(grain, (160, 160), np.random.default_rng(5)), 12)), axis=-1)
    assert np.corrcoef(slices[..., 1:].ravel(), slices[..., :-1].ravel())[0, 1] == pytest.approx(rho, abs=0.1)


def test_even_tissue_gets_as_much_noise_as_it_had_and_another() -> None:
    volume = tissue(25.0)
    grain = measure_grain(volume)
    smooth, deviation = split_slice(volume[:, :, 3], grain)
    assert smooth.std() < 0.6 * volume[:, :, 3].std()
    renewed = smooth + deviation * next(noise_slices(grain, SHAPE[:2], np.random.default_rng(9)))
    assert renewed.std() == pytest.approx(volume[:, :, 3].std(), rel=0.12)
    assert np.corrcoef(renewed.ravel(), volume[:, :, 3].ravel())[0, 1] < 0.5


def test_edges_and_structure_are_kept() -> None:
    volume = tissue(8.0)
    volume[60:90, 50:80] = -860
    smooth, _ = split_slice(volume[:, :, 3], measure_grain(volume))
    assert np.abs(np.diff(smooth[:, 65], axis=0)).max() > 800  # the step did not get blurred
    np.testing.assert_allclose(smooth[65:85, 55:75], -860, atol=1)


def test_constant_regions_stay_constant() -> None:
    volume = tissue()
    volume[:40] = -2000
    smooth, deviation = split_slice(volume[:, :, 0], measure_grain(volume))
    np.testing.assert_allclose(smooth[:36], -2000, atol=1e-3)
    assert (deviation[:36] == 0).all()


def test_an_image_without_noise_gets_none() -> None:
    volume = np.full(SHAPE, -860, np.float32)
    volume[40:80, 40:80] = 30
    grain = measure_grain(volume)
    smooth, deviation = split_slice(volume[:, :, 0], grain)
    np.testing.assert_allclose(smooth, volume[:, :, 0], atol=1e-3)
    assert deviation.max() < 1e-3
