"""Nodules that readers outlined in a series of LIDC-IDRI, from a JSON file of their contours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError

CONSENSUS_SHARE = 0.5
"""A voxel belongs to a nodule if at least this share of its readers outlined it."""

ON_OUTLINE = 1e-3
"""Voxels within which a point lies on an outline."""

SAME_SLICE_MM = 0.3
"""Distance of a contour's z from its slice: headers and contours are rounded."""


@dataclass(frozen=True)
class OutlinedNodule:
    """A nodule as its readers see it.

    Attributes:
        mask: shape (I, J, K) as the series' volume.
        center: (i, j, k) of its centre of mass.
        diameter_mm: mean over the readers.
        readers: how many outlined it.
    """

    mask: NDArray[np.bool_]
    center: NDArray[np.float64]
    diameter_mm: float
    readers: int


def read_outlines(
    path: Path, series_uid: str, affine: NDArray[np.float64], shape: tuple[int, int, int]
) -> list[OutlinedNodule]:
    """Return the nodules of a series.

    Args:
        path: JSON: by patient ``series`` and ``nodules`` with ``contours`` (for each reader ``z`` in mm, ``inclusion``
            and the outline's points, column then row), ``diameter_mm`` for each reader.
        series_uid: which series.
        affine: (4, 4) from (i, j, k, 1) to LPS mm of its volume; axial.
        shape: of its volume.

    Raises:
        BundleError: the file has no such series, or a contour lies on no slice.
    """
    patients: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found = [patient for patient in patients.values() if patient["series"] == series_uid]
    if not found:
        raise BundleError(
            f"it has no outlines of series {series_uid}", record=str(path), remedy="Give the series' own."
        )
    nodules = []
    for number, nodule in enumerate(found[0]["nodules"], start=1):
        votes = np.zeros(shape, np.uint8)
        for contours in nodule["contours"]:
            votes += _reader_mask(contours, affine, shape, f"{path}, nodule {number}")
        mask = votes >= max(1.0, CONSENSUS_SHARE * len(nodule["contours"]))
        center = np.argwhere(mask).mean(axis=0)
        nodules.append(OutlinedNodule(mask, center, float(np.mean(nodule["diameter_mm"])), len(nodule["contours"])))
    return nodules


def _reader_mask(
    contours: Sequence[Mapping[str, Any]], affine: NDArray[np.float64], shape: tuple[int, int, int], record: str
) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    for contour in contours:
        k = (float(contour["z"]) - affine[2, 3]) / affine[2, 2]
        number = round(k)
        if not 0 <= number < shape[2] or abs(k - number) * abs(affine[2, 2]) > SAME_SLICE_MM:
            raise BundleError(f"a contour at z = {contour['z']} lies on no slice", record=record)
        outline = np.asarray(contour["row_col"], float)
        low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
        i, j = np.meshgrid(
            *(np.arange(a, int(b) + 2) for a, b in zip(low, outline.max(axis=0), strict=True)), indexing="ij"
        )
        # The outline runs through the first voxels outside of the nodule, as LIDC's readers drew it: a polygon widened
        # and one narrowed by a hair (which is which depends on its sense) leave out what lies on it.
        points = np.column_stack([i.ravel(), j.ravel()])
        inside = Polygon(outline).contains_points(points, radius=ON_OUTLINE)
        inside &= Polygon(outline).contains_points(points, radius=-ON_OUTLINE)
        inside = inside.reshape(i.shape)
        if contour["inclusion"]:
            mask[i[inside], j[inside], number] = True
        else:
            mask[i[inside], j[inside], number] = False
    return mask
