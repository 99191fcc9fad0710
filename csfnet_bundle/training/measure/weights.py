"""The trained network as a file that torch alone can run, with all that is known of it beside it."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import torch
from monai.networks import convert_to_torchscript
from monai.networks.nets import BasicUNet

import csfnet_bundle
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.nodule import network_input
from csfnet_bundle.training.measure import batches, examples, loop, loss
from csfnet_bundle.training.measure.network import ARCHITECTURE

ATTRIBUTION = (
    "Trained on nodule volumes and readers' outlines of LIDC-IDRI (Armato SG III et al., The Cancer Imaging Archive, "
    "2015, https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX), Creative Commons Attribution 3.0 Unported, "
    "https://creativecommons.org/licenses/by/3.0/. The volumes were cut out, resampled and augmented, the outlines "
    "inset by half a pixel."
)
"""What CC BY 3.0 asks for: source, licence, and that the data were changed."""


def write_weights(path: Path, network: BasicUNet, provenance: Mapping[str, object]) -> None:
    """Write ``path`` (TorchScript, shares and not logits) and the JSON beside it, each in one step.

    Args:
        path: ends with ``.ts``.
        network: trained, in evaluation mode.
        provenance: what it was trained on, and how long.
    """
    whole = torch.nn.Sequential(network, torch.nn.Sigmoid()).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # TorchScript needs nothing but torch to run, deprecated or not.
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        torch.jit.save(convert_to_torchscript(whole, use_trace=False), buffer)
    content = buffer.getvalue()
    description = {
        "what": (
            "Segments a lung nodule around a click: (B, 2, D, H, W) to the share of each voxel in the nodule, "
            "(B, 1, D, H, W). Not trained on follow-ups or on malignancy. Not a medical device."
        ),
        "sha256": hashlib.sha256(content).hexdigest(),
        "architecture": ARCHITECTURE,
        "input": {
            "spacing_mm": network_input.SPACING_MM,
            "hu": [network_input.LOWEST_HU, network_input.HIGHEST_HU],
            "scaled": [network_input.MIDDLE_HU, network_input.SCALE_HU],
            "click_deviation_mm": network_input.CLICK_MM,
        },
        "settings": settings(),
        "provenance": dict(provenance)
        | {"csfnet_bundle": csfnet_bundle.__version__, "torch": torch.__version__, "monai": version("monai")},
        "license": "Apache-2.0 for the program; see attribution for the data",
        "attribution": ATTRIBUTION,
    }
    write_atomically(path, content)
    write_atomically(path.with_suffix(".json"), json.dumps(description, indent=1) + "\n")


def settings() -> dict[str, object]:
    """Return what decides how the network is trained, beside data, steps and seed."""
    return {
        "optimizer": "AdamW",
        "learning_rate": loop.LEARNING_RATE,
        "warm_up_steps": loop.WARM_UP_STEPS,
        "decay_share": loop.DECAY_SHARE,
        "average_decay": loop.AVERAGE_DECAY,
        "largest_gradient": loop.LARGEST_GRADIENT,
        "batch": batches.BATCH,
        "large_batch": batches.LARGE_BATCH,
        "crop": list(batches.CROP),
        "large_crop": list(batches.LARGE_CROP),
        "large_share": batches.LARGE_SHARE,
        "large_nodule_weight": batches.LARGE_NODULE_WEIGHT,
        "large_from_mm": examples.LARGE_MM,
        "drawn_share": batches.DRAWN_SHARE,
        "subsolid_weight": batches.SUBSOLID_WEIGHT,
        "mirrored_share": batches.MIRRORED_SHARE,
        "far_click_share": batches.FAR_CLICK_SHARE,
        "far_click_mm": batches.FAR_CLICK_MM,
        "loss": f"{loss.BCE_WEIGHT} BCE + Dice + {loss.VOLUME_WEIGHT} |ln volume ratio|",
    }
