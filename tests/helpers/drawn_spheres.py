"""Spheres in lung, and a stand-in for the trained network, for tests of measuring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
import torch

from csfnet_bundle.geometry import Volume
from csfnet_bundle.nodule import measurement
from csfnet_bundle.nodule.cube import SIZE, Cube
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.nodule.network_input import SPACING_MM

LUNG_HU = -860.0


class Thresholding(torch.nn.Module):
    """Gives each voxel the share that its density between lung and soft tissue says: exact for a solid nodule."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hu = inputs[:, :1] * 500 - 500
        return ((hu - LUNG_HU) / -LUNG_HU).clamp(0, 1)


NETWORK = NoduleNetwork(Thresholding(), "stand-in")


@contextmanager
def measuring_by_threshold() -> Iterator[None]:
    """Measure with it wherever the shipped network would, which costs two processor-seconds a scan."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurement, "load_network", lambda: NETWORK)
        yield


@cache
def sphere_volume(
    diameter: float,
    *,
    center=(0.0, 0.0, 0.0),
    spacing=(0.7, 0.7, 1.0),
    extent=70.0,
    hu=0.0,
    noise=15.0,
    seed=0,
    radii=(1.0, 1.0, 1.0),
) -> Volume:
    """A sphere (or ellipsoid, by ``radii``), with the exact share of each voxel; LPS (0, 0, 0) is the middle.

    Made once, and read only.
    """
    shape = [int(np.ceil(extent / edge)) for edge in spacing]
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(count - 1) / 2 * edge for count, edge in zip(shape, spacing, strict=True)]
    fine = 3
    axes = [
        (np.arange(count * fine) - (count * fine - 1) / 2) * edge / fine - middle
        for count, edge, middle in zip(shape, spacing, center, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    inside = (x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2 <= (diameter / 2) ** 2
    share = inside.reshape(shape[0], fine, shape[1], fine, shape[2], fine).mean(axis=(1, 3, 5))
    values = LUNG_HU + share * (hu - LUNG_HU) + np.random.default_rng(seed).normal(0, noise, shape)
    array = values.astype(np.float32)
    array.flags.writeable = False
    return Volume(array, affine)


def sphere_cube(diameter: float, *, hu=0.0, offset=(0.0, 0.0, 0.0), noise=15.0, seed=0) -> Cube:
    """A sphere on the measuring cube itself, its centre at mm (d, h, w) from the click."""
    axes = [(np.arange(SIZE) - (SIZE - 1) / 2) * SPACING_MM - away for away in offset]
    d, h, w = np.meshgrid(*axes, indexing="ij", sparse=True)
    distance = np.sqrt(d**2 + h**2 + w**2)
    share = np.clip((diameter / 2 - distance) / SPACING_MM + 0.5, 0, 1)
    values = LUNG_HU + share * (hu - LUNG_HU) + np.random.default_rng(seed).normal(0, noise, distance.shape)
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[:3, 3] = -(SIZE - 1) / 2 * SPACING_MM
    affine[3, 3] = 1
    return Cube(values.astype(np.float32), np.ones(distance.shape, bool), affine, slice_spacing_mm=1.0)


def ball_mm3(diameter: float) -> float:
    """Volume of a sphere."""
    return float(np.pi / 6 * diameter**3)
