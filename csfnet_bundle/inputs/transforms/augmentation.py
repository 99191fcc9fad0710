"""Random changes of a training image; the same in space for both scans of a pair."""

from __future__ import annotations

import numpy as np
from monai.transforms import Compose, RandAffined, RandFlipd, RandRotate90d, Transform

from csfnet_bundle.inputs.transforms.prior_dropout import RandomlyDropPriord

IN_PLANE = (1, 2)
"""Spatial axes (H, W): a lung's slices keep their thickness under rotations in this plane only."""


def random_augmentation(
    flip_probability: float = 0.5,
    rotate_probability: float = 0.0,
    rotate_degrees: float = 180.0,
    shift_probability: float = 0.0,
    shift_voxels: tuple[float, float, float] = (1.0, 2.0, 2.0),
    prior_dropout_probability: float = 0.0,
) -> Transform:
    """Return the random transforms of ``image`` (2, D, H, W); t0 and t1 are its channels, so they move together.

    Nothing changes size (growth is what the network looks for) or intensity (nothing is clipped after the window).

    Args:
        flip_probability: of a flip along each of D, H and W, and of a quarter turn in plane; H and W must be equal.
        rotate_probability: of a rotation in plane by any angle up to ``rotate_degrees``.
        rotate_degrees: largest rotation, degrees.
        shift_probability: of a shift, for points that are set by hand.
        shift_voxels: largest shift along (D, H, W), voxels.
        prior_dropout_probability: of showing t1 in both channels, after all else (:class:`RandomlyDropPriord`).
    """
    steps: list[Transform] = [RandFlipd(keys="image", prob=flip_probability, spatial_axis=axis) for axis in range(3)]
    steps.append(RandRotate90d(keys="image", prob=flip_probability, spatial_axes=IN_PLANE))
    if rotate_probability > 0:
        # Rotation about D: MONAI's first angle. Reflection keeps lung texture in the corners that turn into view.
        steps.append(
            RandAffined(
                keys="image",
                prob=rotate_probability,
                rotate_range=(float(np.deg2rad(rotate_degrees)), 0.0, 0.0),
                padding_mode="reflection",
            )
        )
    if shift_probability > 0:
        steps.append(
            RandAffined(keys="image", prob=shift_probability, translate_range=shift_voxels, padding_mode="reflection")
        )
    if prior_dropout_probability != 0:
        steps.append(RandomlyDropPriord(prior_dropout_probability))
    return Compose(steps)
