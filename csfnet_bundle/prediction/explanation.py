"""Where the network's answer depends on the voxels: an occlusion map, by MONAI's visualisation class."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.forward import logit_difference

MASK_MM = 6.0
"""Edge of the cube that is replaced: a nodule of 6 mm disappears, and what lies 10 mm beside it stays."""
OVERLAP = 0.5
"""Of neighbouring cubes."""
LUNG_HU = -850.0
"""What a cube is replaced by: aerated lung, so that the map asks what the answer would be without what lies there."""
BATCH = 16


class _LogOdds(nn.Module):
    """The network as a function of its image alone: log odds of malignancy, (B, 1)."""

    def __init__(self, network: nn.Module, clinical: Tensor, interval_days: Tensor) -> None:
        super().__init__()
        self.network = network
        self.clinical, self.interval_days = clinical, interval_days

    def forward(self, image: Tensor) -> Tensor:
        count = len(image)
        logits = self.network(image, self.clinical.expand(count, -1), self.interval_days.expand(count))
        return logit_difference(logits)[:, None]


def occlusion_map(
    network: nn.Module, image: Tensor, clinical: Tensor, interval_days: Tensor, roi: RoiSettings
) -> NDArray[np.float64]:
    """Return how much the log odds of malignancy fall where a cube of both scans is replaced by lung.

    Args:
        network: as :class:`csfnet_bundle.networks.Network` describes; left in evaluation mode.
        image: (2, D, H, W) in [0, 1], ROIs of t0 and t1.
        clinical: (V,) int64 tokens.
        interval_days: () days.
        roi: the ROI's spacing and window.

    Returns:
        (D, H, W); positive where what lies there speaks for malignancy.
    """
    from monai.visualize import OcclusionSensitivity

    device = next(network.parameters()).device
    network.eval()
    low, high = roi.window
    module = _LogOdds(network, clinical[None].to(device), interval_days[None].to(device))
    mask = [max(1, min(round(MASK_MM / mm), size)) for mm, size in zip(roi.spacing, roi.size, strict=True)]
    occlusion = OcclusionSensitivity(
        module,
        mask_size=mask,
        n_batch=BATCH,
        mode=(LUNG_HU - low) / (high - low),
        overlap=OVERLAP,
        activate=False,
        verbose=False,
    )
    batch = image[None].float().to(device)
    with torch.no_grad(), warnings.catch_warnings():
        # MONAI 1.6 indexes by a list of slices, which torch reads as a tuple and warns about.
        warnings.filterwarnings("ignore", message="Using a non-tuple sequence")
        whole = float(module(batch)[0, 0])
        masked, _ = occlusion(batch)  # (1, 1, D, H, W)
    return np.asarray(whole - masked[0, 0].double().cpu().numpy())
