"""A click as OHIF and 3D Slicer send it, as the request that every model of the server reads.

Both viewers send ``foreground``, a list of (i, j, k) indices of the clicked voxels in the volume that they got from
the server: Slicer by its matrix from RAS to IJK, OHIF by the index of its volume, whose slices ascend along the normal
of the images, as ours do. So a click is a point in the space ``voxel``. Options come as texts, empty where nobody
typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.point_words import PointWords, read_point
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records.clinical_words import clinical_codes

OPTIONS = {"t0": "", "point0": "", "clinical": "", "interval_days": ""}
"""What a viewer's table of options shows; texts, as neither viewer lets its user type anything else."""
CLICK_PARAMS = frozenset({"foreground", "background", "roi", "slice", "reset_state"})
"""What viewers send for a point model, in place of ``point1`` and ``space``."""
_SEPARATOR = re.compile(r"[,;]")


def read_click(request: Mapping[str, Any], code_book: CodeBook | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the request with ``point1`` for the click, and remarks on what of it was not used.

    Args:
        request: what MONAI Label hands on.
        code_book: that of the weights which will see the clinical values.

    Raises:
        BundleError: no click, or an option that is not what it should be.
    """
    for name in ("point1", "space"):
        if name in request:
            raise BundleError(
                f"{name} is given to the point model",
                record="params",
                remedy="Send the click as foreground: [[I, J, K]].",
            )
    point1, remarks = _last_click(request)
    read = {name: value for name, value in request.items() if name not in CLICK_PARAMS and name not in OPTIONS}
    given = {name: request.get(name) for name in OPTIONS}
    read |= {
        "point1": point1,
        "t0": given["t0"] or None,
        "point0": _point0(given["point0"]),
        "clinical": _clinical(given["clinical"], code_book),
        "interval_days": _days(given["interval_days"]),
    }
    return read, remarks


def _last_click(request: Mapping[str, Any]) -> tuple[Point, tuple[str, ...]]:
    clicks = request.get("foreground")
    if not isinstance(clicks, list) or not clicks:
        raise BundleError(
            f"is {clicks!r}, expected at least one click [[I, J, K]]",
            record="foreground",
            remedy="Click at the middle of the nodule.",
        )
    remarks = []
    if len(clicks) > 1:
        remarks.append(f"{len(clicks)} foreground clicks were sent; the last one counts.")
    if request.get("background"):
        remarks.append("Background clicks are not used.")
    if request.get("roi"):
        remarks.append("The box is not used.")
    last = clicks[-1]
    if not isinstance(last, list | tuple) or len(last) != 3:
        raise BundleError(f"the last click is {last!r}, expected [I, J, K]", record="foreground")
    try:
        return Point(tuple(last), Space.VOXEL), tuple(remarks)
    except BundleError as error:
        raise error.for_record("foreground") from None


def _point0(value: object) -> Point | None:
    """Return the point in t0: of text with its space (``RAS 1,2,3``), else voxels of t0, as a click is."""
    if value in (None, ""):
        return None
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    try:
        words = read_point(text)
    except ValueError:
        words = PointWords()
    if words.numbers is None:  # no file of the server either
        raise BundleError(f"is {value!r}, expected numbers such as 210,180,95 or RAS 61,-40,-182", record="point0")
    return Point(words.numbers, Space(words.space or Space.VOXEL))


def _clinical(value: object, code_book: CodeBook | None) -> dict[str, object] | None:
    if value in (None, ""):
        return None
    if isinstance(value, str):
        pairs = [part.partition("=") for part in _SEPARATOR.split(value) if part.strip()]
        if not all(sign and name.strip() for name, sign, _ in pairs):
            raise BundleError(f"is {value!r}, expected NAME=VALUE such as age=63, sex=female", record="clinical")
        value = {name.strip(): given.strip() for name, _, given in pairs}
    if not isinstance(value, dict):
        raise BundleError(f"is {value!r}, expected values such as age=63, sex=female", record="clinical")
    try:
        return clinical_codes(value, code_book)
    except BundleError as error:
        raise error.for_record("clinical") from None


def _days(value: object) -> object:
    """Return the days as a number where a text is one; what is none is rejected where the request is read."""
    if value == "":
        return None
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
