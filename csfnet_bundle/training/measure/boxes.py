"""Training cubes of LIDC's nodule volumes: readers' outlines as smooth targets, and what lies beyond the box.

The masks include the readers' contour, which lies outside of the nodule: they are inset by half a pixel in plane. A
volume is a tight box, so its surroundings are made: mirrored, or the outermost voxels go on. Beyond the box in z the
nodule is replaced by lung and noise (judged as background, at half weight); in plane nothing is judged.
"""

from __future__ import annotations

import csv
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.nodule.network_input import SPACING_MM
from csfnet_bundle.training.measure.examples import CUBE, SCALE, Example

LABELS, ARCHIVE = "labels.csv", "voi.tar"
IMAGES, MASKS = "image", "nodule_mask"
SUBSOLID_BELOW = 4
"""LIDC's texture runs from 1 (ground glass) over 3 (part-solid) to 5 (solid)."""
MODES: tuple[Literal["edge", "symmetric"], ...] = ("edge", "symmetric")
"""How a box goes on beyond its faces: as at use, where a scan ends near the nodule, and mirrored."""
INSET_PIXELS = 0.5
FAR_MM = 8.0
"""Signed distances are cut off here: the target needs less than a voxel of them."""
FILL_DILATION_PIXELS = 2
LUNG_BELOW_HU = -700.0
NO_LUNG_HU = -850.0
"""Fills boxes that show no lung."""
NOISE_HU = (15.0, 60.0)
"""The fill's noise is the box's own in lung, within these limits."""
WEIGHT_BEYOND = 0.5
NEWTON_STEPS, LARGEST_OFFSET_MM = 3, 0.2
"""For :func:`share_with_volume`; more is needed only where the cube cuts a nodule, which must not swell the rest."""


@dataclass(frozen=True)
class Box:
    """One of LIDC's nodule volumes.

    Attributes:
        name: of its file.
        patient: of its patient.
        hu: HU, shape (K, J, I) = (slices, rows, columns).
        mask: the readers' mask, contour pixels included, same shape.
        spacing: mm along (K, J, I).
        texture: the readers' rating.
    """

    name: str
    patient: str
    hu: NDArray[np.int16]
    mask: NDArray[np.bool_]
    spacing: tuple[float, float, float]
    texture: int


def unpack_boxes(folder: Path, out: Path) -> Path:
    """Return the folder that holds ``image`` and ``nodule_mask``, unpacked to ``out`` where they lie in ``voi.tar``.

    Raises:
        BundleError: neither is there.
    """
    if (folder / IMAGES).is_dir() and (folder / MASKS).is_dir():
        return folder
    archive = folder / ARCHIVE
    if not archive.is_file():
        raise BundleError(f"neither {IMAGES}/ and {MASKS}/ nor {ARCHIVE} is there", record=str(folder))
    with tarfile.open(archive, "r:") as packed:
        packed.extractall(out, filter="data")
    return out


def read_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of ``labels.csv``."""
    try:
        with (folder / LABELS).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise BundleError(f"there is no {LABELS}", record=str(folder), remedy="Name LIDC's folder by --data.") from None


def read_box(folder: Path, row: dict[str, str]) -> Box:
    """Read one volume and its mask.

    Args:
        folder: holds ``image`` and ``nodule_mask``.
        row: of ``labels.csv``.
    """
    image = nib.Nifti1Image.from_filename(folder / IMAGES / row["file"])
    mask = nib.Nifti1Image.from_filename(folder / MASKS / row["file"])
    spacing = tuple(float(edge) for edge in image.header.get_zooms()[:3][::-1])
    return Box(
        name=row["file"],
        patient=row["patient_id"],
        hu=np.asarray(image.dataobj).transpose(2, 1, 0).astype(np.int16),
        mask=np.asarray(mask.dataobj).transpose(2, 1, 0) > 0,
        spacing=spacing,  # type: ignore[arg-type]  # three of them
        texture=int(row["texture"]),
    )


def inset_distance(mask: NDArray[np.bool_], spacing: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the signed in-plane distance to the outline of the inset mask, mm, inside positive, shape (K, J, I).

    A slice without mask beside one with it gets minus that one's distance, so that interpolation along z ends the
    nodule half-way between the two: the mask's slices stand for their whole thickness.
    """
    step = spacing[1:]
    distance = np.full(mask.shape, -FAR_MM, np.float32)
    there = np.array([bool(section.any()) for section in mask])
    for k in np.flatnonzero(there):
        inside = ndimage.distance_transform_edt(np.pad(mask[k], 1), sampling=step)[1:-1, 1:-1]
        outside = ndimage.distance_transform_edt(~mask[k], sampling=step)
        half = min(step) / 2
        signed = np.where(mask[k], inside - half, half - outside) - INSET_PIXELS * min(step)
        distance[k] = np.clip(signed, -FAR_MM, FAR_MM)
    for k in np.flatnonzero(~there):
        beside = [n for n in (k - 1, k + 1) if 0 <= n < len(mask) and there[n]]
        if beside:
            distance[k] = emptied(np.max([distance[n] for n in beside], axis=0))
    return distance


def emptied(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the distances of the empty slice beside one of these: nowhere so small that the target is above 0."""
    return -np.maximum(np.abs(distance), np.float32(SPACING_MM / 2))


def inset_volume(distance: NDArray[np.float32], spacing: tuple[float, float, float]) -> float:
    """Return the volume in mm3 of the inset mask, with the outline's share of each pixel.

    Args:
        distance: of :func:`inset_distance`.
        spacing: mm along (K, J, I).
    """
    slices = distance.max(axis=(1, 2)) > 0
    share = np.clip(distance[slices] / min(spacing[1:]) + 0.5, 0, 1)
    return float(share.sum() * np.prod(spacing))


def box_cube(box: Box, seed: int) -> tuple[NDArray[np.int16], Example]:
    """Return the training cube of a volume.

    Args:
        box: the volume.
        seed: of the fill's noise.

    Returns:
        int16, shape (4, D, H, W), and what is known of it.
    """
    distance = inset_distance(box.mask, box.spacing)
    share = np.clip(distance / SPACING_MM + 0.5, 0, 1)
    centroid = np.array(ndimage.center_of_mass(share if share.any() else box.mask))
    pads = [
        int(np.ceil(size * SPACING_MM / 2 / edge)) + 2 for size, edge in zip(CUBE, box.spacing, strict=True)
    ]  # the centroid lies in the box: half a cube beyond each face is enough
    around = [(pad, pad) for pad in pads]
    continued, mirrored = (
        _fill_along_z(
            np.pad(box.hu, around, mode=mode), np.pad(box.mask, around, mode=mode), pads[0], len(box.hu), seed
        )
        for mode in MODES
    )
    signed = np.pad(distance, around, mode="edge")
    ends = box.mask[0].any(), box.mask[-1].any()
    for last, step, has_nodule, beyond in (
        (pads[0], -1, ends[0], slice(0, pads[0])),
        (-pads[0] - 1, 1, ends[1], slice(-pads[0], None)),
    ):
        signed[beyond] = -FAR_MM
        if has_nodule:
            signed[last + step] = emptied(signed[last])
    index = centroid + pads
    sampled = [_sample(values, index, box.spacing) for values in (continued, mirrored, signed)]
    weight = _weight(box, centroid)
    volume = inset_volume(distance, box.spacing)
    target = share_with_volume(sampled[2], weight > 0, volume)
    cube = np.stack([sampled[0], sampled[1], target * SCALE, weight * SCALE])
    diameter = (6 * volume / np.pi) ** (1 / 3)
    example = Example(box.name, box.patient, round(float(diameter), 2), box.texture < SUBSOLID_BELOW)
    return np.rint(cube).astype(np.int16), example


def share_with_volume(distance: NDArray[np.float32], is_known: NDArray[np.bool_], volume: float) -> NDArray[np.float32]:
    """Return each voxel's share in the nodule, the outline moved by so much that the shares sum to the volume.

    Interpolation between slices loses some 7 % of a small nodule: the section half-way has the mean radius, not the
    mean area.

    Args:
        distance: signed distance to the outline, mm, inside positive, on voxels of :data:`SPACING_MM`.
        is_known: where there may be nodule, same shape.
        volume: mm3.
    """
    offset = 0.0
    for _ in range(NEWTON_STEPS):
        share = np.clip((distance + offset) / SPACING_MM + 0.5, 0, 1) * is_known
        surface = max(float(((share > 0) & (share < 1)).sum()) * SPACING_MM**2, SPACING_MM**2)
        missing = volume - float(share.sum()) * SPACING_MM**3
        offset = float(np.clip(offset + missing / surface, -LARGEST_OFFSET_MM, LARGEST_OFFSET_MM))
    return np.clip((distance + np.float32(offset)) / SPACING_MM + 0.5, 0, 1) * is_known


def _fill_along_z(
    padded: NDArray[np.int16], mask: NDArray[np.bool_], pad: int, slices: int, seed: int
) -> NDArray[np.int16]:
    """Replace the nodule in the slices beyond the box by lung and noise."""
    inside = padded[pad : pad + slices]
    lung = inside[inside < LUNG_BELOW_HU]
    level = float(np.median(lung)) if lung.size else NO_LUNG_HU
    deviation = float(np.clip(lung.std() if lung.size else 0.0, *NOISE_HU))
    beyond = np.ones(len(padded), bool)
    beyond[pad : pad + slices] = False
    disk = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), FILL_DILATION_PIXELS)
    replace = ndimage.binary_dilation(mask, disk[None]) & beyond[:, None, None]
    noise = np.random.default_rng(seed).normal(level, deviation, int(replace.sum()))
    filled = padded.copy()
    filled[replace] = np.rint(noise)
    return filled


def _sample(
    values: NDArray[np.generic],
    index: NDArray[np.float64],
    spacing: tuple[float, float, float],
) -> NDArray[np.float32]:
    """Return (D, H, W) around an index (k, j, i) of values (K, J, I)."""
    x, y, z = (float(place * edge) for place, edge in zip(index[::-1], spacing[::-1], strict=True))
    grid = RoiGrid((x, y, z), CUBE, (SPACING_MM,) * 3)
    return sample_grid(values.transpose(2, 1, 0), np.diag([*spacing[::-1], 1.0]), grid)


def _weight(box: Box, centroid: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return 1 in the box, a half beyond it in z, 0 beyond it in plane; shape (D, H, W)."""
    inside = []
    for size, edge, place, count in zip(CUBE, box.spacing, centroid, box.hu.shape, strict=True):
        index = place + (np.arange(size) - (size - 1) / 2) * SPACING_MM / edge
        inside.append((index >= -0.5) & (index <= count - 0.5))
    along = np.where(inside[0], 1.0, WEIGHT_BEYOND)
    weight: NDArray[np.float32] = (along[:, None, None] * inside[1][None, :, None] * inside[2][None, None, :]).astype(
        np.float32
    )
    return weight
