"""The occlusion map, on the shipped weights and a phantom's ROI: it must find the nodule."""

from dataclasses import replace

import numpy as np
import torch

from csfnet_bundle.core.bundle_root import bundle_root
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.prediction.checkpoint import load_checkpoint, shipped_model
from csfnet_bundle.prediction.explanation import MASK_MM, occlusion_map

LUNG_HU, NODULE_HU = -860.0, 20.0


def _ball(diameter, place, size):
    z, y, x = np.meshgrid(
        *(np.arange(n) - (n - 1) / 2 - away for n, away in zip(size, place, strict=True)), indexing="ij"
    )
    inside = np.clip(diameter / 2 - np.sqrt(x**2 + y**2 + z**2) + 0.5, 0, 1)
    return LUNG_HU + (NODULE_HU - LUNG_HU) * inside


def test_the_map_finds_the_nodule():
    checkpoint = load_checkpoint(shipped_model(bundle_root()))
    roi = replace(checkpoint.roi, size=(16, 32, 32))  # the network takes any size, and this one takes seconds
    size, place = roi.size, (0.0, 3.0, -4.0)
    noise = np.random.default_rng(0).normal(0, 15, (2, *size))
    rois = np.stack([_ball(diameter, place, size) for diameter in (7.0, 10.0)]) + noise
    image = scale_window(torch.from_numpy(rois.astype(np.float32)), roi.window)
    clinical = torch.zeros(len(checkpoint.code_book.names), dtype=torch.int64)
    made = occlusion_map(checkpoint.create_network(), image, clinical, torch.tensor(365.0), roi)
    assert made.shape == size
    peak = np.array(np.unravel_index(np.abs(made).argmax(), size)) - (np.array(size) - 1) / 2
    assert np.linalg.norm(peak - place) <= 5.0 + MASK_MM
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in size), indexing="ij")
    distance = np.sqrt((z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2)
    assert np.abs(made[distance < 5]).mean() > 3 * np.abs(made[distance > 14]).mean()
