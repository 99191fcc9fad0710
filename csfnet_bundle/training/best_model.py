"""Keeps the model of the best validation epoch, with the decision rule that its validation pairs give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import numpy as np
import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle import __version__
from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.threshold import choose_decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.checkpoint import MODEL_NAME, ModelCheckpoint
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.outputs import PredictionCollector
from csfnet_bundle.prediction.seen_patients import (
    HELD_OUT,
    SAME_SPLIT,
    SEEN_PATIENTS,
    VALIDATED,
    accepted_patients,
    remember_sections,
)
from csfnet_bundle.training.transfer import Transfer


class BestModel:
    """Writes model.pt and model.json whenever the evaluator's key metric improves, or is equal at a lower loss.

    Areas of few pairs are often equal, and the first such epoch is the least trained.

    Temperature and threshold are chosen on the same validation pairs and go into ``model.json``; test pairs choose
    nothing.

    Args:
        network: the network itself.
        roi: the ROI's plain values.
        dataset_dir: the cohort, for the record of what the weights were trained on.
        output_dir: where they go.
        transfer: the weights that the training started from, if any.
        code_book: the clinical code book by which the pairs are encoded; None is this installation's.
        remember_patients: whether model.json lists the training and validation patients, by salted hashes. None does
            so where the cohort is public: of few possible numbers a hash hides nothing.
        accept_seen_patients: train although those weights were trained on patients whom the cohort holds out; the
            weights' provenance then says how many.

    Raises:
        BundleError: those weights were trained on patients whom the cohort holds out.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        roi: dict[str, Any],
        dataset_dir: str | Path,
        output_dir: str | Path,
        transfer: Transfer | None = None,
        code_book: CodeBook | None = None,
        remember_patients: bool | None = None,
        accept_seen_patients: bool = False,
    ) -> None:
        self.path = Path(output_dir) / MODEL_NAME
        self.history: list[dict[str, Any]] = []
        self._network = network
        self._roi = RoiSettings.from_plain(roi)
        self._code_book = code_book or nlst_code_book()
        self._dataset_dir = dataset_dir
        self._transfer = transfer
        self._remember = remember_patients
        self.accepted: dict[str, str] = {}
        if transfer is not None and transfer.seen_patients:
            self.accepted = accepted_patients(
                transfer.seen_patients, dataset_dir, HELD_OUT, transfer.source, SAME_SPLIT, accept=accept_seen_patients
            )
        self._collector = PredictionCollector()

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator that validates; after its own comparison of the key metric.

        From then on its run raises BundleError if the network's output is no finite number.
        """
        self._collector.attach(evaluator)
        evaluator.add_event_handler(Events.COMPLETED, self._validated)

    def _validated(self, evaluator: Evaluator) -> None:
        state = evaluator.state
        table = self._collector.table()
        logits, labels = table["logit"].to_numpy(), table["label"].to_numpy()
        if not np.isfinite(logits).all():
            raise BundleError(
                f"training diverged: at epoch {state.epoch} the network's output is no finite number",
                record=str(self.path.parent),
                remedy="Lower optimizer#lr, or switch amp off. The best model of the earlier epochs stays.",
            )
        # Cross-entropy of two classes: log(1 + exp(-logit)) for malignant pairs, with the sign changed for benign ones.
        loss = float(np.logaddexp(0, np.where(labels == 1, -logits, logits)).mean())
        metrics = {name: float(value) for name, value in state.metrics.items()}
        self.history.append({"epoch": int(state.epoch), "validation_loss": loss, **metrics})
        if self._equal_at_lower_loss(state):
            state.best_metric_epoch = state.epoch
        if state.best_metric_epoch != state.epoch or idist.get_rank() != 0:
            return
        decision = choose_decision(logits, labels)
        data = data_description(self._dataset_dir)
        start = {} if self._transfer is None else {"initial_weights": self._transfer.to_plain()}
        before = f", started from weights trained on {self._transfer.trained_on}" if self._transfer is not None else ""
        ModelCheckpoint(
            weights=self._network.state_dict(),
            architecture=self._network.architecture(),  # type: ignore[operator]
            roi=self._roi,
            code_book=self._code_book,
            decision=decision,
            provenance={
                "trained_on": data.name + before,
                "phantom": data.phantom,
                "datalist_sha256": data.datalist_sha256,
                "bundle_version": __version__,
                "torch_version": str(torch.__version__),
                "epoch": int(state.epoch),
                "validation": {**metrics, "pairs": len(table), "malignant": int(labels.sum())},
                **start,
                **self.accepted,
            },
            further={SEEN_PATIENTS: seen} if (seen := self.seen_patients()) else {},
        ).save(self.path)

    def seen_patients(self) -> list[Mapping[str, Any]]:
        """Return the lists of patients for model.json: the cohort's, where they may be told, and the ancestors'."""
        lists: list[Mapping[str, Any]] = []
        if data_description(self._dataset_dir).lists_patients(self._remember):
            lists.append(remember_sections(self._dataset_dir, ("training",), (VALIDATED,)))
        return lists + list(self._transfer.seen_patients if self._transfer is not None else ())

    def _equal_at_lower_loss(self, state: Any) -> bool:
        """Whether the last epoch ties with the best one before it, and its validation loss is the lower."""
        losses = {entry["epoch"]: entry["validation_loss"] for entry in self.history}
        if state.best_metric_epoch not in losses or state.metrics[state.key_metric_name] != state.best_metric:
            return False
        return bool(losses[state.epoch] < losses[state.best_metric_epoch])
