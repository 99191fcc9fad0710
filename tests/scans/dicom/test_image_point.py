"""Image number and pixel against pydicom's own elements."""

from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import make_series, write_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import Series, scan_folder
from csfnet_bundle.scans.dicom.image_point import ImagePoint


@pytest.fixture(scope="module")
def slices() -> list[Dataset]:
    made = make_series()
    for number, dataset in enumerate(made):  # not in the order of space
        dataset.InstanceNumber = 100 + (number * 7) % len(made)
    return made


@pytest.fixture(scope="module")
def series(slices: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("numbered")
    write_series(folder, slices)
    (found,) = scan_folder(folder)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_is_where_the_header_puts_the_pixel(slices: list[Dataset], series: Series, data: st.DataObject) -> None:
    dataset = data.draw(st.sampled_from(slices))
    column = data.draw(st.floats(0, dataset.Columns - 1))
    row = data.draw(st.floats(0, dataset.Rows - 1))
    right, down = (np.array(dataset.ImageOrientationPatient[part], float) for part in (slice(3), slice(3, 6)))
    rows_apart, columns_apart = map(float, dataset.PixelSpacing)
    expected = np.array(dataset.ImagePositionPatient, float) + column * columns_apart * right + row * rows_apart * down
    point = ImagePoint(int(dataset.InstanceNumber), column, row).in_series(series)
    np.testing.assert_allclose(point.coordinates, expected, atol=1e-6)
    assert point.space == "LPS"


def test_a_number_that_is_none_or_not_one(series: Series, slices: list[Dataset], tmp_path: Path) -> None:
    last = 99 + len(slices)
    with pytest.raises(BundleError, match=rf"there is no image 7; its images are numbered 100 to {last}"):
        ImagePoint(7, 1, 1).in_series(series)
    with pytest.raises(BundleError, match=r"the pixel is 1000,3, but image 100 has"):
        ImagePoint(100, 1000, 3).in_series(series)
    changed = make_series()
    for number, dataset in enumerate(changed):
        dataset.InstanceNumber = number // 2
    write_series(tmp_path / "twice", changed)
    (twice,) = scan_folder(tmp_path / "twice")
    with pytest.raises(BundleError, match=r"2 slices have the image number 3"):
        ImagePoint(3, 1, 1).in_series(twice)
    for dataset in changed:
        del dataset.InstanceNumber
    write_series(tmp_path / "without", changed)
    (without,) = scan_folder(tmp_path / "without")
    with pytest.raises(BundleError, match=r"its images have no numbers"):
        ImagePoint(3, 1, 1).in_series(without)
