"""Filled volumes averaged over the voxels of a view, cropped to what moved views can reach.

Training cuts its views from these. Interpolating a whole moved ROI and letting the network average it gives the same
views at fifteen times the work, which was more than that of the network itself; a test compares both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.networks.scale_views import averaging_matrix
from csfnet_bundle.studies.real_nodules.augmentation import Augmentation, Moves, moved_view, windowed
from csfnet_bundle.studies.real_nodules.volumes import VARIANTS, FilledVolumes

UNIT = 10_000
"""What 1 is stored as: a fifth of a HU."""
FINEST_STEP = 1.5
"""A level is kept at half of its view's spacing or finer, from twice this spacing on at every second mm."""


@dataclass(frozen=True)
class Level:
    """Averaged volumes for one view.

    Attributes:
        array: in units of 1 / UNIT, int16, (N, VARIANTS, D, H, W).
        step: mm between voxels.
        spacing: mm of the view's voxels, over which was averaged.
        view_size: (d, h, w) of the view.
    """

    array: NDArray[np.int16]
    step: int
    spacing: float
    view_size: tuple[int, int, int]

    def view(self, rows: NDArray[np.intp], variants: NDArray[np.intp], moves: Moves, noise: torch.Generator) -> Tensor:
        """Return the view (B, d, h, w) of moved nodules, each in one of its variants."""
        chosen = torch.from_numpy(self.array[rows, variants].astype(np.float32) / UNIT)
        return moved_view(chosen, self.step, moves, self.view_size, self.spacing, noise)


def make_levels(
    volumes: FilledVolumes, view_size: Sequence[int], spacings: Sequence[float], moved: Augmentation
) -> list[Level]:
    """Average all volumes for each view, or read what was averaged before; files lie beside the volumes' own."""
    depth, height, width = view_size
    return [_level(volumes, (depth, height, width), spacing, moved) for spacing in spacings]


def _level(volumes: FilledVolumes, view_size: tuple[int, int, int], spacing: float, moved: Augmentation) -> Level:
    step = max(1, int(spacing / FINEST_STEP))
    outer = volumes.array.shape[2:]
    reach = moved.reach(view_size, spacing)
    size = [min(-(-2 * mm // step), n // step) for mm, n in zip(reach, outer, strict=True)]
    path = _path(volumes.path, spacing, step, size)
    if not path.is_file():
        matrices = [averaging_matrix(n, out, step, spacing) for n, out in zip(outer, size, strict=True)]
        with atomic_path(path) as temporary:
            shape = (len(volumes.array), VARIANTS, *size)
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.int16, shape=shape)
            for row, variants in enumerate(volumes.array):
                array[row] = _averaged(variants, matrices)
            array.flush()
    return Level(np.load(path, mmap_mode="r"), step, spacing, view_size)


def _averaged(variants: NDArray[np.int16], matrices: Sequence[Tensor]) -> NDArray[np.int16]:
    depth, height, width = matrices
    x = windowed(torch.from_numpy(variants.astype(np.float32)))  # (V, D, H, W)
    x = torch.einsum("xw,vzyw->vzyx", width, x)
    x = torch.einsum("yh,vzhx->vzyx", height, x)
    x = torch.einsum("zd,vdyx->vzyx", depth, x)
    return (x * UNIT).round().to(torch.int16).numpy()


def _path(volumes: Path, spacing: float, step: int, size: Sequence[int]) -> Path:
    return volumes.with_name(f"{volumes.stem}_{spacing:g}mm_step{step}_{'x'.join(map(str, size))}.npy")
