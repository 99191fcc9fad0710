"""The handler that turns an evaluator's run over labelled pairs into metrics, tables and plots."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle.evaluation.output import METRICS_NAME, write_evaluation
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.training.checkpoint import ModelCheckpoint
from csfnet_bundle.training.data import data_description
from csfnet_bundle.training.outputs import PredictionCollector
from csfnet_bundle.training.session import STATE_NAME

logger = logging.getLogger(__name__)


class WriteEvaluation:
    """Judges the predictions of a section and writes ``metrics.json``, ``predictions.csv`` and plots.

    Nothing is chosen here: temperature and threshold come with the checkpoint, from its training's validation pairs.

    Args:
        checkpoint: the weights that are judged.
        checkpoint_path: where they lie.
        dataset_dir: the cohort.
        section: the datalist's section that the evaluator runs over.
        output_dir: where the files go.
    """

    def __init__(
        self,
        checkpoint: ModelCheckpoint,
        checkpoint_path: str | Path,
        dataset_dir: str | Path,
        section: str,
        output_dir: str | Path,
    ) -> None:
        self._checkpoint = checkpoint
        self._checkpoint_path = Path(checkpoint_path)
        self._dataset_dir = dataset_dir
        self._section = section
        self._folder = Path(output_dir)
        self._collector = PredictionCollector()

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator; files are written when its run is over."""
        self._collector.attach(evaluator)
        evaluator.add_event_handler(Events.COMPLETED, self._write)

    def _write(self, evaluator: Evaluator) -> None:
        table = self._collector.table()
        decision = self._checkpoint.decision
        predictions = prediction_table(
            table["subject"].tolist(),
            table["nodule"].tolist(),
            table["logit"].to_numpy(),
            table["label"].tolist(),
            temperature=decision.temperature,
            threshold=decision.threshold,
        )
        data = data_description(self._dataset_dir)
        context = {
            "data": f"{data.name}, {self._section}",
            "phantom": data.phantom,
            "datalist_sha256": data.datalist_sha256,
            "weights": f"{self._checkpoint_path.name}, trained on {self._checkpoint.trained_on}",
            "decision_chosen_on": f"validation of {self._checkpoint.trained_on}",
            "checkpoint": dict(self._checkpoint.provenance),
        }
        history = self._history()
        best_epoch = self._checkpoint.provenance.get("epoch") if history is not None else None
        document = write_evaluation(
            self._folder, predictions, decision, context, history=history, best_epoch=best_epoch
        )
        logger.info("%s: %s", self._folder / METRICS_NAME, document["note"])

    def _history(self) -> pd.DataFrame | None:
        """The training's curves, where the weights lie beside the state of the run that made them."""
        state = self._checkpoint_path.parent / STATE_NAME
        if not state.is_file():
            return None
        history = torch.load(state, map_location="cpu", weights_only=True)["history"]
        return pd.DataFrame(history) if history else None
