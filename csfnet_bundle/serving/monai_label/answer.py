"""From the network's output to the answer of a request and the heat map beside the scan."""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import Transform

from csfnet_bundle.core.alarm import alarms, notes
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.forward import logit_difference
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.report import write_attention_nifti
from csfnet_bundle.report.words import NOT_A_DEVICE
from csfnet_bundle.serving.monai_label.studies import scan_stem

logger = logging.getLogger(__name__)

HEAT_MAP_FOLDER = "attention"
"""Beside the scan. Not in the same folder: MONAI Label takes every NIfTI in the studies for an image to annotate."""


class AnswerRequestd(Transform):
    """Turn ``pred``, what :class:`csfnet_bundle.serving.monai_label.FollowUpInferer` returned, into the answer.

    ``pred`` becomes softmax(logits / temperature) (2,): benign, malignant; as a MetaTensor, which MONAI Label's writer
    wants. MONAI Label's answer has no place for words: beside the scan lie the attention as NIfTI, and a JSON file with
    the probability, its band over clicks, what speaks against the inputs, and what else was noticed. The server's log
    has their number alone.

    Args:
        checkpoint: the weights that answer.
        network: their network.
        heat_maps: whether to write files; off for studies that the server cannot write to.
        clicks: also predict for 27 clicks within 2 mm.
        measure: also measure the nodule, and see whether the ROI holds it; some seconds a request.
    """

    def __init__(
        self,
        checkpoint: ModelCheckpoint,
        network: torch.nn.Module,
        heat_maps: bool = True,
        clicks: bool = True,
        measure: bool = True,
    ) -> None:
        self.temperature = checkpoint.decision.temperature
        self.heat_maps = heat_maps
        self._checkpoint, self._predictor = checkpoint, Predictor(checkpoint, network=network)
        self._clicks, self._measure = clicks, measure

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
                raise _not_writable(path, error) from None
        prediction = self._prediction(data, malignant)
        # How many only: findings name series and dates.
        red = len(alarms(prediction.findings))
        logger.info("answered with %d warnings, %d other findings", red, len(prediction.findings) - red)
        if self.heat_maps:
            path = result_path(data["scan_path"], data["nodule"])
            try:
                write_atomically(path, json.dumps(_result(prediction), indent=1) + "\n")
            except OSError as error:
                raise _not_writable(path, error) from None
        return {**data, "pred": MetaTensor(torch.tensor([1 - malignant, malignant], dtype=torch.float64))}

    def _prediction(self, data: Mapping[Hashable, Any], malignant: float) -> Prediction:
        """Return the prediction with what is checked beside it."""
        logits = torch.as_tensor(data["pred"]["logits"]).double().tolist()
        made = Prediction(
            pair=data["pair"],
            probability=malignant,
            threshold=self._checkpoint.decision.threshold,
            logits=(logits[0], logits[1]),
            image=torch.as_tensor(data["image"]).cpu().numpy(),
            affines=torch.as_tensor(data["affines"]).cpu().numpy(),
            findings=tuple(filter(None, str(data["findings"]).split("\n"))),
            code_book=self._checkpoint.code_book,
            trained_on=self._checkpoint.trained_on,
            caveat=self._checkpoint.caveat(data["pair"]),
        )
        folder = Path(data["datalist_folder"])
        made = replace(made, findings=(*self._predictor.unlike_findings(made), *made.findings))
        if self._measure:
            made = self._predictor.with_measurements(made, folder)
        return self._predictor.with_band(made, folder) if self._clicks else made


def _result(prediction: Prediction) -> dict[str, object]:
    return {
        "probability": prediction.probability,
        "band": None if prediction.band is None else list(prediction.band),
        "warnings": list(alarms(prediction.findings)),
        "findings": list(notes(prediction.findings)),
        "weights_trained_on": prediction.trained_on,
        "note": f"{prediction.caveat} {NOT_A_DEVICE}".strip(),
    }


class HeatMapError(BundleError):
    """The server cannot write beside its scans."""


def _not_writable(path: Path, error: OSError) -> HeatMapError:
    return HeatMapError(
        f"the heat map {path.name} cannot be written ({error.strerror})",
        remedy="Let the server write beside its studies, or set heat_maps to false in its config.",
    )


def result_path(scan: Path, nodule: str) -> Path:
    """Return where the words about a nodule lie: beside its heat map."""
    return scan.parent / HEAT_MAP_FOLDER / f"{scan_stem(scan)}_{nodule}_result.json"


def heat_map_path(scan: Path, nodule: str) -> Path:
    """Return where the heat map of a nodule lies: in ``attention/`` beside its t1 scan."""
    return scan.parent / HEAT_MAP_FOLDER / f"{scan_stem(scan)}_{nodule}_attention.nii.gz"
