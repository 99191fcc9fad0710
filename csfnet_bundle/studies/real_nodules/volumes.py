"""The filled volumes of a cohort of boxed nodules, several variants each, made once and read from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.volume_files import read_volume
from csfnet_bundle.studies.real_nodules.filling import Crop, fill_roi

SIZE = (40, 64, 64)
"""(D, H, W) at 1 mm: the ROI, and around it what rotation, tilt, zoom and shift bring in."""
VARIANTS = 4
"""The box as it is, and three with each end cropped."""
LARGEST_CROP = (0.15, 0.15, 0.3)
"""Of I, J and K. In plane a box leaves 14 voxels around the outline, and a nodule is not cut; along the slices it
leaves none, and the outermost slices of a nodule are."""
FORMAT = 1
"""Another number, other volumes: it is part of the file's name."""


@dataclass(frozen=True)
class FilledVolumes:
    """Filled volumes by record.

    Attributes:
        array: HU, int16, (N, VARIANTS, D, H, W); variant 0 is the uncropped box.
        rows: the row of each record, by its name.
        path: of the array's file.
    """

    array: NDArray[np.int16]
    rows: dict[str, int]
    path: Path

    def of(self, pairs: Sequence[FollowUpPair]) -> NDArray[np.intp]:
        """Return the rows of records, (N,)."""
        return np.array([self.rows[pair.name] for pair in pairs], dtype=np.intp)


def filled_volumes(pairs: Sequence[FollowUpPair], folder: Path, cache: Path) -> FilledVolumes:
    """Fill the volumes of all records, or read them where they were filled before.

    Args:
        pairs: records whose t1 is a boxed volume in a file.
        folder: what their paths are relative to, a cohort's folder.
        cache: where the volumes are kept: 0.9 GB for 696 nodules.

    Raises:
        BundleError: a volume that cannot be read, or a point outside of it.
    """
    rows = {pair.name: row for row, pair in enumerate(pairs)}
    path = cache / f"filled_{datalist_hash(folder)[:12]}_{FORMAT}.npy"
    if not path.is_file():
        with atomic_path(path) as temporary, progress_bar("filling volumes", len(pairs)) as advance:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.int16, shape=(len(pairs), VARIANTS, *SIZE))
            for row, pair in enumerate(pairs):
                array[row] = _variants(pair, folder)
                advance(1)
            array.flush()
    return FilledVolumes(np.load(path, mmap_mode="r"), rows, path)


def _variants(pair: FollowUpPair, folder: Path) -> NDArray[np.int16]:
    try:
        volume = read_volume(folder / pair.t1.path)
        x, y, z = pair.t1.known_point.lps(volume.affine).tolist()
        index = (np.linalg.inv(volume.affine) @ [x, y, z, 1.0])[:3]
        if (index < -0.5).any() or (index > np.array(volume.array.shape) - 0.5).any():
            raise BundleError(f"its point lies outside of the volume, at voxel {index.round(1).tolist()}")
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    # The record's own numbers: a volume does not depend on who else is in the cohort.
    generator = np.random.default_rng(int(sha256(pair.name.encode()).hexdigest()[:16], 16))
    grid = RoiGrid((x, y, z), SIZE)
    crops = [Crop(), *(Crop.draw(generator, LARGEST_CROP) for _ in range(VARIANTS - 1))]
    filled = np.stack([fill_roi(volume, grid, generator, crop) for crop in crops])
    return np.clip(filled.round(), -2000, 4000).astype(np.int16)
