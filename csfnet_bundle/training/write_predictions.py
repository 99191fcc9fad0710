"""The handler that turns an inference run into a table, and for every pair a picture, a report and an attention map."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle import __version__
from csfnet_bundle.evaluation.calibration import probabilities
from csfnet_bundle.evaluation.predictions import prediction_table, write_predictions
from csfnet_bundle.pairs import FollowUpPair
from csfnet_bundle.report import Case, CaseImages, Weights, file_stem, write_attention_nifti, write_case_picture
from csfnet_bundle.report import write_case_report as write_report
from csfnet_bundle.training.checkpoint import ModelCheckpoint
from csfnet_bundle.training.outputs import logit_difference

logger = logging.getLogger(__name__)

PREDICTIONS_NAME = "predictions.csv"


@dataclass
class WritePredictions:
    """Writes ``predictions.csv`` and, per pair, a picture, an HTML report and the attention as NIfTI.

    Attributes:
        network: the network, for its attention; one without ``attention_map`` gets pictures without it.
        checkpoint: the weights that predict.
        checkpoint_path: where they lie.
        items: the data set's records (see :func:`csfnet_bundle.training.datalist_items`).
        output_dir: where the files go.
    """

    network: torch.nn.Module
    checkpoint: ModelCheckpoint
    checkpoint_path: str | Path
    items: Sequence[Mapping[str, Any]]
    output_dir: str | Path

    def __post_init__(self) -> None:
        self._folder = Path(self.output_dir)
        self._pairs: dict[tuple[str, str], FollowUpPair] = {
            (item["subject"], item["nodule"]): item["pair"] for item in self.items
        }
        self._rows: list[dict[str, Any]] = []

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator."""
        evaluator.add_event_handler(Events.STARTED, lambda _: self._rows.clear())
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._write_batch)
        evaluator.add_event_handler(Events.COMPLETED, self._write_table)

    @property
    def weights(self) -> Weights:
        """The weights as the reports name them."""
        validation = self.checkpoint.provenance.get("validation", {})
        return Weights(
            name=Path(self.checkpoint_path).name,
            trained_on=self.checkpoint.trained_on,
            phantoms=bool(self.checkpoint.provenance.get("phantom", False)),
            temperature=self.checkpoint.decision.temperature,
            threshold=self.checkpoint.decision.threshold,
            calibration_pairs=validation.get("pairs"),
            calibration_malignant=validation.get("malignant"),
        )

    def _write_batch(self, evaluator: Evaluator) -> None:
        batch, outputs = evaluator.state.batch, evaluator.state.output
        attention = self._attention(batch, evaluator.state.device)
        for index, (item, output) in enumerate(zip(batch, outputs, strict=True)):
            logit = float(logit_difference(output["pred"].double()))
            self._write_case(item, logit, None if attention is None else attention[index].cpu().double())
            self._rows.append({"subject": item["subject"], "nodule": item["nodule"], "logit": logit})

    def _attention(self, batch: Sequence[Mapping[str, Any]], device: torch.device) -> torch.Tensor | None:
        if not hasattr(self.network, "attention_map"):
            return None
        inputs = [torch.stack([torch.as_tensor(item[key]) for item in batch]).to(device) for key in _INPUTS]
        with torch.no_grad():
            return self.network.attention_map(*inputs)  # type: ignore[operator]

    def _write_case(self, item: Mapping[str, Any], logit: float, attention: torch.Tensor | None) -> None:
        pair = self._pairs[item["subject"], item["nodule"]]
        roi = self.checkpoint.roi
        case = Case.from_pair(
            pair,
            probability=float(probabilities(np.array([logit]), self.checkpoint.decision.temperature)[0]),
            weights=self.weights,
            findings=tuple(filter(None, str(item["findings"]).split("\n"))),
            versions={
                "csfnet_bundle": __version__,
                "torch": str(torch.__version__),
                "monai": str(monai.__version__),
            },
        )
        images = CaseImages(
            image=torch.as_tensor(item["image"]).cpu().numpy(),
            attention=None if attention is None else attention.numpy(),
            spacing=roi.spacing,
            window=roi.window,
        )
        stem = file_stem(pair.subject, pair.nodule)
        write_case_picture(self._folder / f"{stem}.png", case, images)
        write_report(self._folder, case, images)
        if attention is not None:
            affine = torch.as_tensor(item["affine"]).cpu().numpy()
            write_attention_nifti(self._folder / f"{stem}_attention.nii.gz", attention.numpy(), affine, roi.size)

    def _write_table(self, evaluator: Evaluator) -> None:
        decision = self.checkpoint.decision
        predictions = prediction_table(
            [row["subject"] for row in self._rows],
            [row["nodule"] for row in self._rows],
            [row["logit"] for row in self._rows],
            [self._pairs[row["subject"], row["nodule"]].label for row in self._rows],
            temperature=decision.temperature,
            threshold=decision.threshold,
            extra={"weights_trained_on": [self.checkpoint.trained_on] * len(self._rows)},
        )
        path = self._folder / PREDICTIONS_NAME
        write_predictions(predictions, path)
        logger.info(
            "%d predictions in %s (weights trained on: %s; not a medical device)",
            len(predictions), path, self.checkpoint.trained_on,
        )  # fmt: skip


_INPUTS = ("image", "clinical", "interval_days")
