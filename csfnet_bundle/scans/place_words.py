"""Places of a scan in words: where from another place, in which image, and how to name them to the command line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.scans.scan import OpenedScan

DIRECTIONS = (("left", "right"), ("posterior", "anterior"), ("superior", "inferior"))
"""Of the axes of LPS: forwards and backwards, of the patient."""
LEAST_SHOWN_MM = 0.5
"""Parts of an offset below it are no place of their own."""


def offset_words(offset: NDArray[np.float64]) -> str:
    """Return an offset by its parts, e.g. ``9 mm left, 2 mm inferior``; ``0 mm`` for none.

    Args:
        offset: LPS mm, (3,).
    """
    parts = [
        f"{abs(value):.0f} mm {names[0] if value > 0 else names[1]}"
        for value, names in zip(offset.tolist(), DIRECTIONS, strict=True)
        if abs(value) > LEAST_SHOWN_MM
    ]
    return ", ".join(parts) or "0 mm"


def place_words(scan: OpenedScan | None, place: NDArray[np.float64]) -> str:
    """Return a place as it can be given to the command line, e.g. ``image 87, pixel 312,240; LPS -61.2,40.0,-182.0``.

    The image is named by its InstanceNumber where only one slice has it; a place in a file by its voxel.

    Args:
        scan: the scan; None where it is not at hand.
        place: LPS mm, (3,).
    """
    lps = f"LPS {','.join(f'{value:.1f}' for value in place)}"
    image = "" if scan is None else _image(scan, place)
    return f"{image}; {lps}" if image else lps


def _image(scan: OpenedScan, place: NDArray[np.float64]) -> str:
    affine = scan.affine if scan.series is None else scan.series.stack.affine()
    column, row, k = (round(float(value)) for value in (np.linalg.inv(affine) @ [*place, 1.0])[:3])
    if scan.series is None:
        return f"voxel {column},{row},{k}"
    number = image_number(scan, place)
    numbers = [instance.image_number for instance in scan.series.instances]
    return f"image {number}, pixel {column},{row}" if number is not None and numbers.count(number) == 1 else ""


def image_number(scan: OpenedScan, place: NDArray[np.float64]) -> int | None:
    """Return the InstanceNumber of the slice nearest to a place (LPS mm, (3,)); None where there is none."""
    if scan.series is None:
        return None
    stack = scan.series.stack
    nearest = int(np.abs(stack.offsets - stack.normal @ place).argmin())
    return stack.instances[nearest].image_number
