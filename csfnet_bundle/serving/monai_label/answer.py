"""From the network's output to the answer of a request and the heat map beside the scan."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import Transform

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.prediction.forward import logit_difference
from csfnet_bundle.report import write_attention_nifti
from csfnet_bundle.serving.monai_label.studies import scan_stem

logger = logging.getLogger(__name__)

HEAT_MAP_FOLDER = "attention"
"""Beside the scan. Not in the same folder: MONAI Label takes every NIfTI in the studies for an image to annotate."""


class AnswerRequestd(Transform):
    """Turn ``pred``, what :class:`csfnet_bundle.serving.monai_label.FollowUpInferer` returned, into the answer.

    ``pred`` becomes softmax(logits / temperature) (2,): benign, malignant; as a MetaTensor, which MONAI Label's writer
    wants. The attention is written as NIfTI.

    Args:
        temperature: chosen on validation pairs; it comes with the checkpoint.
        heat_maps: whether to write the attention; off for studies that the server cannot write to.
    """

    def __init__(self, temperature: float, heat_maps: bool = True) -> None:
        self.temperature = temperature
        self.heat_maps = heat_maps

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with the probabilities.

        Raises:
            BundleError: the heat map cannot be written.
        """
        output = data["pred"]
        logits = torch.as_tensor(output["logits"]).double()  # (2,)
        malignant = float(probabilities(logit_difference(logits).numpy(), self.temperature))
        if self.heat_maps and "attention" in output:
            attention = torch.as_tensor(output["attention"]).cpu().double().numpy()
            affine = torch.as_tensor(data["affine"]).cpu().numpy()
            size = tuple(data["image"].shape[1:])
            path = heat_map_path(data["scan_path"], data["nodule"])
            try:
                write_attention_nifti(path, attention, affine, size)
            except OSError as error:
                raise HeatMapError(
                    f"the heat map {path.name} cannot be written ({error.strerror})",
                    remedy="Let the server write beside its studies, or set heat_maps to false in its config.",
                ) from None
        for finding in filter(None, str(data["findings"]).split("\n")):
            logger.info("read with a finding: %s", finding)
        return {**data, "pred": MetaTensor(torch.tensor([1 - malignant, malignant], dtype=torch.float64))}


class HeatMapError(BundleError):
    """The server cannot write beside its scans."""


def heat_map_path(scan: Path, nodule: str) -> Path:
    """Return where the heat map of a nodule lies: in ``attention/`` beside its t1 scan."""
    return scan.parent / HEAT_MAP_FOLDER / f"{scan_stem(scan)}_{nodule}_attention.nii.gz"
