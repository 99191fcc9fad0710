"""Real nodules that were made to grow or shrink: pairs of ROIs whose change we drew.

t0 is a filled volume, t1 the same volume deformed around the reader's outline. The ratio of the volumes is drawn
without regard to anything else, but nodules that find no room are left out, which are the large ones. Such pairs can
show whether a change is seen in real texture, never what a change means. Most of what moves around the nodule is
filling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.cohorts.lidc_voi import MASKS
from csfnet_bundle.cohorts.phantom.deformation import grow_nodule
from csfnet_bundle.cohorts.phantom.followup import KNOWN_SHARE
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.geometry import RoiGrid, sample_grid
from csfnet_bundle.nodule.nodule_mask import lung_around
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.volume_files import open_volume_file, read_volume
from csfnet_bundle.studies.real_nodules.augmentation import Augmentation
from csfnet_bundle.studies.real_nodules.filling import fill_roi

RATIOS = (0.5, 4.0)
"""Of the volumes, log uniform: in a year from a halving to two doublings, which doubling times of 180 days give."""
UNCHANGED_SHARE = 0.2
"""Of the pairs: they tell the term's spread where nothing has changed."""
BOX = (64, 64, 64)
"""Voxels of 1 mm in which things move. A nodule of 20 mm can become four times as large in it, one of 30 mm hardly
larger."""
LARGEST_SHIFT_MM, LARGEST_NOISE_HU = Augmentation.shift_mm, Augmentation.noise_hu
"""Of the point along each axis, and of the noise that each scan gets: those that the networks are trained with."""
BLOCK = 32
"""Nodules a file: what an interruption can cost."""
FORMAT = 1
"""Another number, other pairs: it is part of the folder's name."""


@dataclass(frozen=True)
class GrownNodules:
    """Pairs of real nodules with a drawn change.

    Attributes:
        names: of the records; those that have no room to grow are left out.
        images: HU, int16, (N, 2, D, H, W), t0 and t1.
        log_ratio: natural logarithm of t1's volume over t0's, (N,); exactly 0 where nothing was changed.
    """

    names: tuple[str, ...]
    images: NDArray[np.int16]
    log_ratio: NDArray[np.float64]

    def of(self, pairs: Sequence[FollowUpPair]) -> GrownNodules:
        """Return those of some records."""
        chosen = {pair.name for pair in pairs}
        rows = [row for row, name in enumerate(self.names) if name in chosen]
        return GrownNodules(tuple(self.names[row] for row in rows), self.images[rows], self.log_ratio[rows])


def grown_nodules(pairs: Sequence[FollowUpPair], folder: Path, cache: Path, size: tuple[int, int, int]) -> GrownNodules:
    """Grow the nodules of all records, or read what was done before: four minutes of one core for 696.

    Args:
        pairs: records whose t1 is a boxed volume in a file, with the reader's mask in the folder beside it.
        folder: what their paths are relative to, a cohort's folder.
        cache: where the pairs are kept.
        size: (D, H, W) of the network's ROI in voxels of 1 mm.

    Raises:
        BundleError: a volume or a mask that cannot be read.
    """
    place = cache / f"grown_{datalist_hash(folder)[:12]}_{FORMAT}_{'x'.join(map(str, size))}"
    names, images, ratios = [], [], []
    with progress_bar("growing nodules", len(pairs)) as advance:
        for start in range(0, len(pairs), BLOCK):
            path, part = place / f"block_{start:06d}.npz", pairs[start : start + BLOCK]
            if not path.is_file():
                _save(path, [_grown(pair, folder, size) for pair in part], size)
            with np.load(path) as block:
                names += [pair.name for pair, grew in zip(part, block["grew"], strict=True) if grew]
                images.append(block["images"])
                ratios.append(block["log_ratio"])
            advance(len(part))
    return GrownNodules(tuple(names), np.concatenate(images), np.concatenate(ratios))


_Grown = tuple[NDArray[np.int16], float]
"""Both ROIs, (2, D, H, W), and the logarithm of the ratio."""


def _save(path: Path, made: Sequence[_Grown | None], size: tuple[int, int, int]) -> None:
    kept = [one for one in made if one is not None]
    images = np.array([images for images, _ in kept], dtype=np.int16).reshape(len(kept), 2, *size)
    ratios = np.array([ratio for _, ratio in kept], dtype=np.float64)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, grew=np.array([one is not None for one in made]), images=images, log_ratio=ratios)


def _grown(pair: FollowUpPair, folder: Path, size: tuple[int, int, int]) -> _Grown | None:
    """Return both ROIs, HU, and the log of the ratio; None where the box or the chest wall leave no room."""
    # The record's own numbers, under another name than those of its filled variants.
    generator = np.random.default_rng(int(sha256(f"grown {pair.name}".encode()).hexdigest()[:16], 16))
    changed = generator.random() >= UNCHANGED_SHARE
    drawn = float(generator.uniform(*np.log(RATIOS)))  # drawn in any case: what follows is the same
    file = folder / pair.t1.path
    volume, outline = read_volume(file), open_volume_file(file.parent.with_name(MASKS) / file.name)
    x, y, z = pair.t1.known_point.lps(volume.affine).tolist()
    box = RoiGrid((x, y, z), BOX)
    filled = fill_roi(volume, box, generator)
    shifts = generator.uniform(-LARGEST_SHIFT_MM, LARGEST_SHIFT_MM, (2, 3))
    places = [_points(RoiGrid((x + dx, y + dy, z + dz), size)) for dx, dy, dz in shifts]
    if changed:
        known = outline.read_block((0, 0, 0), outline.shape).astype(np.float32)
        nodule = sample_grid(known, outline.affine, box, fill=0.0) > KNOWN_SHARE
        around = lung_around(filled, nodule, box.spacing[0])
        try:
            growth = grow_nodule(around, box, float(np.exp(drawn)), pair.name)
        except BundleError:  # all of its errors are want of room
            return None
        places[1] = growth.backward(places[1])
    smooth = ndimage.spline_filter(filled)  # for cubic interpolation: edges stay as sharp as they were
    index = [np.linalg.inv(box.affine) @ np.vstack([points, np.ones(points.shape[1])]) for points in places]
    images = np.stack([ndimage.map_coordinates(smooth, one[:3], prefilter=False, mode="nearest") for one in index])
    noise = generator.uniform(0, LARGEST_NOISE_HU, (2, 1)) * generator.standard_normal(images.shape)
    rois = np.clip((images + noise).round(), -2000, 4000).astype(np.int16).reshape(2, *size)
    return rois, drawn if changed else 0.0


def _points(grid: RoiGrid) -> NDArray[np.float64]:
    """Return LPS mm of a grid's voxels in the order of (D, H, W), (3, N)."""
    z, y, x = np.meshgrid(*grid.axes(), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), z.ravel()])
