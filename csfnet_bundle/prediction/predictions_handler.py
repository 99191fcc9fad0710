"""The handler that turns an inference run into a table, and for every pair a picture, a report and an attention map."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle.prediction.case_files import CaseFiles
from csfnet_bundle.prediction.cases import CaseMaker, series_of
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.forward import logit_difference

logger = logging.getLogger(__name__)


class WritePredictions:
    """Writes ``predictions.csv`` and, per pair, a picture, an HTML report and the attention as NIfTI.

    Args:
        network: the network, for its attention; one without ``attention_map`` gets pictures without it.
        checkpoint: the weights that predict.
        checkpoint_path: where they lie.
        items: the data set's records (see :func:`csfnet_bundle.training.datalist_items`).
        output_dir: where the files go.
        dicom_out: also write a Structured Report and the attention as DICOM objects (extra ``dicom-sr``).
        follow_links: whether the scans were found through symbolic links, which the DICOM objects then need too.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        checkpoint: ModelCheckpoint,
        checkpoint_path: str | Path,
        items: Sequence[Mapping[str, Any]],
        output_dir: str | Path,
        dicom_out: bool = False,
        follow_links: bool = False,
    ) -> None:
        self._cases = CaseMaker(network, checkpoint, Path(checkpoint_path), items)
        self._files = CaseFiles(
            Path(output_dir),
            checkpoint,
            Path(checkpoint_path),
            items,
            dicom_out=dicom_out,
            follow_links=follow_links,
        )

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator."""
        evaluator.add_event_handler(Events.STARTED, lambda _: self._files.clear())
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._write_batch)
        evaluator.add_event_handler(Events.COMPLETED, self._write_table)

    def _write_batch(self, evaluator: Evaluator) -> None:
        batch = evaluator.state.batch
        details = self._cases.output(batch)
        for index, (sample, output) in enumerate(zip(batch, evaluator.state.output, strict=True)):
            logit = float(logit_difference(output["pred"].double()))
            attention, members = details.attention_of(index), details.members_of(index)
            case, images = self._cases.case(sample, logit, attention, members)
            affine = torch.as_tensor(sample["affine"]).cpu().numpy()
            self._files.write_case(case, images, logit, affine, series_of(sample))
            for scan, words in case.series.items():
                logger.info("series read as %s: %s", scan, words)

    def _write_table(self, _: Evaluator) -> None:
        path = self._files.write_table()
        logger.info("predictions: %s", path)
        logger.info("weights trained on: %s. Not a medical device.", self._cases.checkpoint.trained_on)
