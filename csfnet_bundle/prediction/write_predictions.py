"""The handler that turns an inference run into a table, and for every pair a picture, a report and an attention map."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle.evaluation.output import PREDICTIONS_NAME
from csfnet_bundle.evaluation.predictions import prediction_table, write_predictions
from csfnet_bundle.prediction.cases import CaseMaker, series_of
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.dicom_results import DicomResults
from csfnet_bundle.prediction.outputs import logit_difference
from csfnet_bundle.report import file_stem, write_attention_nifti, write_case_picture, write_case_report
from csfnet_bundle.scans.dicom import SeriesSummary

logger = logging.getLogger(__name__)

SCANS = ("t0_", "t1_")
"""How the columns begin that say which series was read."""

SPREAD = ("networks", "probability_lowest", "probability_highest", "probability_sd")
"""Columns of an ensemble's predictions: how many networks, their extremes and their standard deviation."""


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
        self._folder = Path(output_dir)
        self._dicom_results = DicomResults(self._cases, self._folder, follow_links=follow_links) if dicom_out else None
        self._rows: list[dict[str, Any]] = []

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator."""
        evaluator.add_event_handler(Events.STARTED, lambda _: self._rows.clear())
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._write_batch)
        evaluator.add_event_handler(Events.COMPLETED, self._write_table)

    def _write_batch(self, evaluator: Evaluator) -> None:
        batch = evaluator.state.batch
        attention = self._cases.attention(batch)
        members = self._cases.member_probabilities(batch)
        for index, (sample, output) in enumerate(zip(batch, evaluator.state.output, strict=True)):
            logit = float(logit_difference(output["pred"].double()))
            self._write_case(sample, logit, None if attention is None else attention[index], members[index])

    def _write_case(self, sample: Mapping[str, Any], logit: float, attention: Any, members: tuple[float, ...]) -> None:
        case, images = self._cases.case(sample, logit, attention, members)
        stem = file_stem(case.subject, case.nodule)
        write_case_picture(self._folder / f"{stem}.png", case, images)
        write_case_report(self._folder, case, images)
        affine = torch.as_tensor(sample["affine"]).cpu().numpy()
        if attention is not None:
            write_attention_nifti(self._folder / f"{stem}_attention.nii.gz", attention, affine, images.size)
        if self._dicom_results is not None:
            self._dicom_results.write(case, attention, affine, images.size)
        row = {"subject": case.subject, "nodule": case.nodule, "logit": logit, "label": case.label}
        for scan, words in case.series.items():
            logger.info("series read as %s: %s", scan, words)
        self._rows.append({**row, **_spread(members), **_series(series_of(sample))})

    def _write_table(self, _: Evaluator) -> None:
        checkpoint = self._cases.checkpoint
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        more = {name: values for name, values in columns.items() if name in SPREAD or name.startswith(SCANS)}
        predictions = prediction_table(
            columns["subject"],
            columns["nodule"],
            columns["logit"],
            columns["label"],
            temperature=checkpoint.decision.temperature,
            threshold=checkpoint.decision.threshold,
            extra={**more, "weights_trained_on": [checkpoint.trained_on] * len(self._rows)},
        )
        path = self._folder / PREDICTIONS_NAME
        write_predictions(predictions, path)
        logger.info("%d predictions in %s", len(predictions), path)
        logger.info("weights trained on: %s. Not a medical device.", checkpoint.trained_on)


def _series(series: Mapping[str, SeriesSummary | None]) -> dict[str, object]:
    """Return the columns that say which series each scan was read from."""
    columns: dict[str, object] = {}
    for scan, item in series.items():
        columns |= {
            f"{scan}_series_uid": item and item.uid,
            f"{scan}_series_description": item and item.description,
            f"{scan}_image_type": item and item.image_type,
            f"{scan}_kernel": item and item.kernel,
            f"{scan}_slice_thickness_mm": item and item.slice_thickness_mm,
            f"{scan}_slices": item and item.slices,
            f"{scan}_other_series": item and len(item.others),
        }
    return columns


def _spread(members: tuple[float, ...]) -> dict[str, float]:
    if not members:
        return {}
    values = (len(members), min(members), max(members), float(np.std(members, ddof=1)))
    return dict(zip(SPREAD, values, strict=True))
