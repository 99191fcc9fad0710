"""CT-like volumes with a known place, written by SimpleITK and nibabel, the independent readers of these tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

OBLIQUE = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
DIRECTIONS = {
    "axial": np.eye(3),
    "reversed": np.diag([-1.0, -1.0, 1.0]),
    "slices downwards": np.diag([1.0, -1.0, -1.0]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "coronal": np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]),
    "oblique": OBLIQUE if np.linalg.det(OBLIQUE) > 0 else -OBLIQUE,
}


@pytest.fixture(params=list(DIRECTIONS))
def direction(request: pytest.FixtureRequest) -> NDArray[np.float64]:
    """Columns: LPS direction of i, j, k."""
    return DIRECTIONS[request.param]


def chest_values(seed: int = 0) -> NDArray[np.int16]:
    """HU of (k, j, i) voxels: noisy lung with soft tissue in it."""
    rng = np.random.default_rng(seed)
    values = rng.normal(-860, 60, (40, 60, 70))
    values[15:25, 20:40, 25:40] = rng.normal(40, 60, (10, 20, 15))
    return np.maximum(values, -1024).astype(np.int16)  # below, the reader clips


@pytest.fixture
def image() -> Callable[..., sitk.Image]:
    def make(direction: NDArray[np.float64] | None = None, seed: int = 0) -> sitk.Image:
        made = sitk.GetImageFromArray(chest_values(seed))
        made.SetSpacing((0.7, 0.8, 1.25))
        made.SetOrigin((-31.5, 12.25, -210.0))
        made.SetDirection((np.eye(3) if direction is None else direction).ravel().tolist())
        return made

    return make


@pytest.fixture
def reference_roi() -> Callable[..., NDArray[np.float32]]:
    """The ROI as SimpleITK resamples it, (D, H, W)."""

    def resample(
        volume: sitk.Image,
        center: NDArray[np.float64],
        size: tuple[int, int, int],
        spacing: tuple[float, float, float],
    ) -> NDArray[np.float32]:
        half = (np.array(size[::-1]) - 1) / 2 * spacing[::-1]
        filter_ = sitk.ResampleImageFilter()
        filter_.SetSize(size[::-1])
        filter_.SetOutputSpacing(spacing[::-1])
        filter_.SetOutputOrigin((center - half).tolist())
        filter_.SetInterpolator(sitk.sitkLinear)
        filter_.SetDefaultPixelValue(-1024)
        filter_.SetOutputPixelType(sitk.sitkFloat32)
        values: NDArray[np.float32] = sitk.GetArrayFromImage(filter_.Execute(volume))
        return values

    return resample


@pytest.fixture
def write(tmp_path: Path) -> Callable[[sitk.Image, str], Path]:
    """Write with SimpleITK; MetaImages stay uncompressed unless the name starts with ``compressed``."""

    def to_file(volume: sitk.Image, name: str) -> Path:
        path = tmp_path / name
        sitk.WriteImage(volume, str(path), useCompression=name.startswith("compressed"))
        return path

    return to_file
