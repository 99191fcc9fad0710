"""Segmentation by the trained network of models/measure.ts; torch alone is needed."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.bundle_root import MODELS, bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.network_input import network_input

MODEL = Path(MODELS) / "measure.ts"
"""The shipped network, below the bundle's root."""
PRESENT = 0.5
"""A voxel belongs to the nodule where the network gives it at least half."""
FOUND_WITHIN_MM = 6.0
"""The nodule has a voxel this near to the click; readers' centres differ by that much in large nodules."""
NEAR_MM = 3.0
"""Of several components the one with most of its shares near the click is meant: a Gaussian of this deviation."""
TOP_WITHIN_MM = 4.0
CORE = 0.9
"""A component's core has at least so much of the largest share this near to the click. Far from nodules the network is
not sure: it gives a chest wall beside the nodule half a share, which joins the nodule at lower levels. Of .5, .65, .8
and .9 this one agreed best with the readers of 40 volumes that the network was trained on."""
REACH_VOXELS = 2
"""The nodule has what is present this near to the core: a nodule's share falls from 1 to a half over less."""
CUBES_AT_ONCE = 3
"""Cubes in one pass: a click costs .14 processor-seconds in threes, .33 alone, .18 in nines, which also take more
memory."""
RIM_VOXELS = 2
"""Shares count in the nodule dilated by so much: nearer the volume lacks what the network is unsure of, and over the
whole cube the background's shares would add up."""


@dataclass(frozen=True)
class NetworkAnswer:
    """What the network says of one cube.

    Attributes:
        share: of each voxel in a nodule, shape (D, H, W).
        mask: the nodule at the click; None where there is none.
        volume_mm3: the sum of the shares in the nodule and its rim; 0 without one.
        other_share: volume of the largest other core over that of the nodule's; 0 without one.
        other_center: its centre, index (d, h, w); None without one.
    """

    share: NDArray[np.float32]
    mask: NDArray[np.bool_] | None
    volume_mm3: float
    other_share: float
    other_center: tuple[float, float, float] | None = None


class NoduleNetwork:
    """The trained network.

    Args:
        module: TorchScript or a network, (B, 2, D, H, W) to shares (B, 1, D, H, W).
        sha256: of its file.
    """

    def __init__(self, module: torch.nn.Module, sha256: str = "") -> None:
        self.module, self.sha256 = module, sha256

    @torch.inference_mode()
    def segment(self, cubes: Sequence[Cube]) -> list[NetworkAnswer]:
        """Segment the nodule at the click of each cube, a few at a time."""
        answers: list[NetworkAnswer] = []
        for start in range(0, len(cubes), CUBES_AT_ONCE):
            answers += self._segment(cubes[start : start + CUBES_AT_ONCE])
        return answers

    def _segment(self, cubes: Sequence[Cube]) -> list[NetworkAnswer]:
        clicks = torch.tensor([cube.click_voxels for cube in cubes], dtype=torch.float32)
        inputs = network_input(torch.from_numpy(np.stack([cube.hu for cube in cubes])), clicks)  # (B, 2, D, H, W)
        shares = self.module(inputs)[:, 0].numpy()  # (B, D, H, W)
        return [component_at_click(share * cube.inside, cube) for share, cube in zip(shares, cubes, strict=True)]


def component_at_click(
    share: NDArray[np.float32], cube: Cube, core_share: float = CORE, rim_voxels: int = RIM_VOXELS
) -> NetworkAnswer:
    """Pick the component that the click means.

    Args:
        share: of each voxel in a nodule, shape (D, H, W).
        cube: where the click is.
        core_share: see :data:`CORE`.
        rim_voxels: see :data:`RIM_VOXELS`.
    """
    distance = cube.distance_mm()
    top = float(share[distance <= TOP_WITHIN_MM].max())
    labels, count = ndimage.label(share >= max(core_share * top, PRESENT))
    near = share * np.exp(-(distance**2) / (2 * NEAR_MM**2))
    votes = np.bincount(labels.ravel(), near.ravel(), minlength=count + 1)
    reached = np.bincount(labels[distance <= FOUND_WITHIN_MM], minlength=count + 1) > 0
    votes[~reached] = 0
    votes[0] = 0
    if not votes.any():
        return NetworkAnswer(share, None, 0.0, 0.0)
    chosen = int(votes.argmax())
    core = labels == chosen
    mask = core | (ndimage.binary_dilation(core, iterations=REACH_VOXELS) & (share >= PRESENT) & (labels == 0))
    rim = ndimage.binary_dilation(mask, iterations=rim_voxels) & (mask | (labels == 0))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    volume_mm3 = float(share[rim].sum()) * cube.voxel_mm3
    if count < 2:
        return NetworkAnswer(share, mask, volume_mm3, 0.0)
    other = int(np.where(np.arange(1, count + 1) == chosen, 0, sizes).argmax()) + 1
    d, h, w = np.argwhere(labels == other).mean(axis=0).tolist()
    return NetworkAnswer(share, mask, volume_mm3, float(sizes[other - 1] / sizes[chosen - 1]), (d, h, w))


def load_network(path: Path | None = None) -> NoduleNetwork:
    """Load a network, once a process; its file is checked against the sum in the JSON beside it.

    Args:
        path: of the TorchScript file; by default the shipped one.

    Raises:
        BundleError: there is no such file, or it is another than its JSON describes.
    """
    return _load_network((path or bundle_root() / MODEL).resolve())


@lru_cache(maxsize=2)
def _load_network(file: Path) -> NoduleNetwork:
    description = file.with_suffix(".json")
    if not file.is_file() or not description.is_file():
        raise BundleError(
            f"there is no network to measure with, or no {description.name} beside it",
            record=str(file),
            remedy="Take the bundle's checkout or archive with its models, or train one with train-measure.",
        )
    known = json.loads(description.read_text(encoding="utf-8"))["sha256"]
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != known:
        raise BundleError(
            f"its SHA-256 is {found}, but {description.name} says {known}",
            record=str(file),
            remedy="Get both files again from one place.",
        )
    with warnings.catch_warnings():
        # TorchScript needs nothing but torch to run, deprecated or not.
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        return NoduleNetwork(torch.jit.load(file, map_location="cpu").eval(), found)
