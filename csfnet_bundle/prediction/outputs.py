"""Reading predictions out of an engine's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle.prediction.forward import logit_difference


def malignancy_scores(output: Sequence[dict[str, Any]]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return scores (1,) and labels (1,) of a decollated batch, for MONAI's ``ROCAUC`` handler."""
    scores = [logit_difference(item["pred"]).reshape(1) for item in output]
    labels = [torch.as_tensor(item["label"]).reshape(1) for item in output]
    return scores, labels


class PredictionCollector:
    """Collects subject, nodule, label (where there is one) and logit of every pair that an evaluator sees."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator; collecting starts anew with every run of it."""
        evaluator.add_event_handler(Events.STARTED, lambda _: self._rows.clear())
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._collect)

    def _collect(self, evaluator: Evaluator) -> None:
        for item, output in zip(evaluator.state.batch, evaluator.state.output, strict=True):
            row: dict[str, object] = {"subject": item["subject"], "nodule": item["nodule"]}
            if "label" in item:
                row["label"] = int(item["label"])
            row["logit"] = float(logit_difference(output["pred"].double()))
            self._rows.append(row)

    def table(self) -> pd.DataFrame:
        """Return the collected rows."""
        return pd.DataFrame(self._rows)
