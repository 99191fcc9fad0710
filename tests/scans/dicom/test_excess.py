import numpy as np
import pytest

from csfnet_bundle.scans.dicom.excess import excess_problem

ROWS, COLUMNS = 40, 48


def image(columns: int = COLUMNS) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, ROWS))
    return np.where(x**2 + y**2 < 0.8, 1000 * np.exp(-4 * (x**2 + y**2)), 0).astype(np.uint16)


@pytest.mark.parametrize("beyond", [b"\0\0", bytes(510), b"ab" * 3, bytes(2 * COLUMNS), bytes(2 * ROWS), b"\xff" * 512])
def test_padding_is_taken(beyond: bytes) -> None:
    assert excess_problem(image(), beyond) == ""


@pytest.mark.parametrize("missing", [1, 2, 5])
def test_a_header_with_too_few_columns_shows(missing: int) -> None:
    words = image().ravel()
    kept = ROWS * (COLUMNS - missing)
    assert excess_problem(words[:kept].reshape(ROWS, -1), words[kept:].tobytes())


def test_a_header_with_too_few_rows_shows() -> None:
    words = image()
    assert excess_problem(words[:-20], words[-20:].tobytes())
