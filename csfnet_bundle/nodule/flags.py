"""What makes a measurement doubtful."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.nodule.attenuation import Density
from csfnet_bundle.nodule.classical import GLASS_BELOW_HU
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.network import NetworkAnswer
from csfnet_bundle.nodule.segmentation import Method, Segmentation
from csfnet_bundle.scans.place_words import offset_words, place_words
from csfnet_bundle.scans.scan import OpenedScan

USUAL_RATIO, LARGEST_DISAGREEMENT = 1.08, 1.5
"""The network's volume is usually 1.08 of the classical one, in volumes of its training (docs/measuring.md); a ratio
further off than this factor is doubtful."""
LARGEST_NECK_DISAGREEMENT = 2.0
"""Neck cutting is more often off by itself, so that only twice or half of the network's volume is doubtful."""
LARGEST_CLICK_SPREAD = 0.25
"""Interquartile range of the volumes of nine clicks over their median."""
LARGEST_OTHER_SHARE = 0.2
SMALL_MM, THICK_MM = 5.0, 2.5
"""Smaller nodules and thicker slices give volumes of a few voxels: no volumetry by the guidelines that allow it."""


class FlagCode(StrEnum):
    """Reasons to doubt a measurement."""

    METHOD_FAILED = "METHOD_FAILED"
    METHODS_DISAGREE = "METHODS_DISAGREE"
    CLICK_MATTERS = "CLICK_MATTERS"
    AT_CUBE_BORDER = "AT_CUBE_BORDER"
    CUT_BY_SCAN = "CUT_BY_SCAN"
    OTHER_STRUCTURE = "OTHER_STRUCTURE"
    GROUND_GLASS = "GROUND_GLASS"
    SMALL = "SMALL"
    THICK_SLICES = "THICK_SLICES"


OF_THE_VOLUME = {
    FlagCode.METHOD_FAILED: "a method finds no nodule",
    FlagCode.METHODS_DISAGREE: "the methods disagree",
    FlagCode.CLICK_MATTERS: "it depends on the click",
    FlagCode.AT_CUBE_BORDER: "the nodule reaches the border of what is measured",
    FlagCode.CUT_BY_SCAN: "the scan may cut the nodule",
}
"""Flags that make doubtful what rests on the volume (growth, the group of a guideline), in short."""


@dataclass(frozen=True)
class Flag:
    """One reason, with its figures.

    Attributes:
        code: for programs.
        text: one sentence for people.
    """

    code: FlagCode
    text: str


def find_flags(
    cube: Cube,
    found: dict[Method, Segmentation],
    answer: NetworkAnswer,
    chosen: Segmentation,
    density: Density,
    click_volumes: tuple[float, ...],
    scan: OpenedScan | None = None,
) -> tuple[Flag, ...]:
    """Return what is doubtful about a measurement.

    Args:
        cube: the scan around the click.
        found: what each method found.
        answer: all that the network said.
        chosen: the segmentation whose mask is taken.
        density: inside of it.
        click_volumes: the network's volumes of several clicks, mm3; empty where they were not made.
        scan: what the cube was cut from, for the names of its images.
    """
    flags = []

    def flag(code: FlagCode, text: str) -> None:
        flags.append(Flag(code, text))

    failed = [method.value for method in Method if method not in found]
    if failed:
        flag(FlagCode.METHOD_FAILED, f"No nodule was found by: {', '.join(failed)}.")
    if methods_disagree({method: one.volume_mm3 for method, one in found.items()}):
        volumes = ", ".join(f"{method.value} {one.volume_mm3:.0f} mm³" for method, one in found.items())
        flag(FlagCode.METHODS_DISAGREE, f"The methods disagree: {volumes}; taken: {chosen.method.value}.")
    spread = click_spread(click_volumes)
    if spread > LARGEST_CLICK_SPREAD:
        text = f"The volume depends on the click: interquartile range {spread:.0%} of the median over nine clicks."
        flag(FlagCode.CLICK_MATTERS, text)
    masks = [one.mask for one in found.values() if one.method in (Method.NETWORK, chosen.method)]
    if any(_at_border(mask) for mask in masks):
        flag(FlagCode.AT_CUBE_BORDER, "The nodule reaches the border of the cube of 51 mm that is measured.")
    outside = ndimage.binary_dilation(~cube.inside)
    if any((mask & outside).any() for mask in masks):
        flag(FlagCode.CUT_BY_SCAN, "The nodule reaches the end of the scan, which may cut it.")
    if answer.other_share > LARGEST_OTHER_SHARE and answer.other_center is not None:
        flag(FlagCode.OTHER_STRUCTURE, _other_structure(cube, answer.other_share, answer.other_center, scan))
    if density.core_hu < GLASS_BELOW_HU:
        text = f"Its core has {density.core_hu:.0f} HU, the density of ground glass, on which methods differ."
        flag(FlagCode.GROUND_GLASS, text)
    diameter = (6 * chosen.volume_mm3 / math.pi) ** (1 / 3)
    if diameter < SMALL_MM:
        flag(
            FlagCode.SMALL, f"A sphere of its volume has {diameter:.1f} mm: below {SMALL_MM:.0f} mm volumes are rough."
        )
    if cube.slice_spacing_mm > THICK_MM:
        flag(FlagCode.THICK_SLICES, f"The slices lie {cube.slice_spacing_mm:.2f} mm apart, over {THICK_MM} mm.")
    return tuple(flags)


def methods_disagree(volumes_mm3: Mapping[Method, float]) -> bool:
    """Say whether the network's volume is far from another method's, or without one the others' from each other.

    Args:
        volumes_mm3: of two methods at least, above 0.
    """
    network = volumes_mm3.get(Method.NETWORK)
    limits = {
        Method.CLASSICAL: (USUAL_RATIO, LARGEST_DISAGREEMENT),
        Method.NECK_CUTTING: (1.0, LARGEST_NECK_DISAGREEMENT),
    }
    if network is None:
        return _factor(volumes_mm3[Method.CLASSICAL] / volumes_mm3[Method.NECK_CUTTING]) > LARGEST_NECK_DISAGREEMENT
    return any(
        _factor(network / volumes_mm3[method] / usual) > largest
        for method, (usual, largest) in limits.items()
        if method in volumes_mm3
    )


def _factor(ratio: float) -> float:
    return max(ratio, 1 / ratio)


def _other_structure(cube: Cube, share: float, center: tuple[float, float, float], scan: OpenedScan | None) -> str:
    place, click = ((cube.affine @ [*index, 1.0])[:3] for index in (center, cube.click_voxels))
    offset = place - click
    away = f"{np.linalg.norm(offset):.0f} mm from the click ({offset_words(offset)})"
    return (
        f"Another structure of {share:.0%} of the nodule's volume looks like a nodule too, {away}: "
        f"{place_words(scan, place)}."
    )


def click_spread(volumes: tuple[float, ...]) -> float:
    """Return the interquartile range over the median; 0 without volumes."""
    if not volumes:
        return 0.0
    low, middle, high = np.percentile(volumes, (25, 50, 75))
    return float((high - low) / middle) if middle > 0 else math.inf


def _at_border(mask: NDArray[np.bool_]) -> bool:
    faces = (mask[0], mask[-1], mask[:, 0], mask[:, -1], mask[:, :, 0], mask[:, :, -1])
    return any(bool(face.any()) for face in faces)
