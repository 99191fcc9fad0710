"""Whether bytes beyond an image are padding, or more of an image whose header gives a wrong size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.scans.dicom.instance import BYTES_PER_PIXEL


def excess_problem(words: NDArray[np.uint16], beyond: bytes) -> str:
    """Say why the bytes beyond an image cannot be padding; empty if they can.

    Bytes that make no whole rows or columns belong to no larger image. Whole rows of one value may be padding; columns
    that the header does not count show, as then every row begins in the middle of the one before.

    Args:
        words: the image, (rows, columns).
        beyond: what follows it.
    """
    rows, columns = words.shape
    in_row, in_column = columns * BYTES_PER_PIXEL, rows * BYTES_PER_PIXEL
    if len(beyond) % in_row and len(beyond) % in_column:
        return ""
    has_content = beyond.count(beyond[:BYTES_PER_PIXEL]) * BYTES_PER_PIXEL < len(beyond)
    more_columns = 0 if len(beyond) % in_column else len(beyond) // in_column
    if has_content or (more_columns and _change(words, columns + more_columns) < _change(words, columns)):
        return (
            f"{len(beyond)} bytes of pixel data beyond {rows} rows of {columns}: the header's size is not the image's"
        )
    return ""


def _change(words: NDArray[np.uint16], width: int) -> float:
    """Return how much pixels differ from those a row of that width before, on average."""
    pixels = words.ravel()
    # The difference of words wraps as the words do: signed values around zero are no jumps.
    differences = (pixels[width:] - pixels[:-width]).view(np.int16)
    return float(np.abs(differences.astype(np.float64)).mean())
