"""What one method of segmentation found: the mask and the volume."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.classical import segment_classical
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.network import NetworkAnswer
from csfnet_bundle.nodule.nodule_mask import segment_nodule


class Method(StrEnum):
    """The methods of segmentation."""

    NETWORK = "network"
    """The trained network of models/measure.ts."""
    CLASSICAL = "classical"
    """Threshold, distance map and watershed."""
    NECK_CUTTING = "neck cutting"
    """The segmentation that also serves the simulator of follow-ups."""


@dataclass(frozen=True)
class Segmentation:
    """The nodule as one method sees it.

    Attributes:
        method: which.
        mask: the nodule's voxels, shape (D, H, W) of its cube.
        volume_mm3: its volume; of the network the sum of the voxels' shares, of the others the mask's.
    """

    method: Method
    mask: NDArray[np.bool_]
    volume_mm3: float


def segment_by_all(
    cube: Cube, answer: NetworkAnswer, others: dict[Method, Segmentation] | None = None
) -> dict[Method, Segmentation]:
    """Segment the nodule at the click by every method; one that finds nothing is absent.

    Args:
        cube: the scan around the click.
        answer: what the trained network says of it.
        others: what :func:`segment_without_network` returned for the cube, where it has been asked already.
    """
    found: dict[Method, Segmentation] = {}
    if answer.mask is not None:
        found[Method.NETWORK] = Segmentation(Method.NETWORK, answer.mask, answer.volume_mm3)
    return found | (segment_without_network(cube) if others is None else others)


def segment_without_network(cube: Cube) -> dict[Method, Segmentation]:
    """Segment the nodule at the click by the two methods that need no network."""
    masks = {Method.CLASSICAL: segment_classical(cube), Method.NECK_CUTTING: _by_neck_cutting(cube)}
    return {
        method: Segmentation(method, mask, float(mask.sum()) * cube.voxel_mm3)
        for method, mask in masks.items()
        if mask is not None and mask.any()
    }


def _by_neck_cutting(cube: Cube) -> NDArray[np.bool_] | None:
    """Return the mask of :func:`csfnet_bundle.nodule.nodule_mask.segment_nodule`; None where it finds no nodule."""
    try:
        mask = segment_nodule(cube.hu, cube.spacing_mm).nodule & cube.inside
    except BundleError:  # it says so by an error
        return None
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    # The scan's end may part the nodule from its mirror image's rest.
    sizes = np.bincount(labels.ravel())[1:]
    largest: NDArray[np.bool_] = labels == sizes.argmax() + 1
    return largest


def taken_segmentation(found: dict[Method, Segmentation]) -> Segmentation:
    """Return the segmentation whose volume and mask are taken: the network's, without one the classical method's.

    docs/measuring.md compares the median of the three with it. One method for all nodules, so that two scans of one are
    measured alike.

    Args:
        found: of three methods two at least.
    """
    return found[Method.NETWORK if Method.NETWORK in found else Method.CLASSICAL]
