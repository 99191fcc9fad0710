"""The handler that turns an inference run into a table, and for every pair a picture, a report and an attention map."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.engines import Evaluator

from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.inputs.cache import series_from_json
from csfnet_bundle.prediction.case_files import CaseFiles
from csfnet_bundle.prediction.cases import NO_SERIES, CaseMaker, predicted_case
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.forward import NetworkOutput, logit_difference
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import Predictor

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
        clicks: also predict for 27 clicks within 2 mm, for the band beside the probability.
        measure: also measure the nodule in both scans, and see whether the ROI holds it.
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
        clicks: bool = True,
        measure: bool = True,
    ) -> None:
        self._cases = CaseMaker(network, checkpoint, Path(checkpoint_path), items)
        self._predictor = Predictor(checkpoint, follow_links=follow_links, network=network)
        self._clicks, self._measure = clicks, measure
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
            prediction = self._completed(self._prediction(sample, output, details, index))
            case, images = predicted_case(prediction, self._cases.checkpoint, self._cases.checkpoint_path)
            affine = prediction.affines[1]
            series = dict(zip(("t0", "t1"), prediction.series, strict=True))
            self._files.write_case(case, images, prediction.logit, affine, series, prediction.pictures)
            for scan, words in case.series.items():
                logger.info("series read as %s: %s", scan, words)

    def _prediction(
        self, sample: Mapping[str, Any], output: Mapping[str, Any], details: NetworkOutput, index: int
    ) -> Prediction:
        """Return the prediction of a transformed sample from what the evaluator said about it."""
        checkpoint = self._cases.checkpoint
        logits = torch.as_tensor(output["pred"]).double().cpu()
        decision = checkpoint.decision
        benign, malignant = logits.tolist()
        pair = self._cases.pair(sample["subject"], sample["nodule"])
        return Prediction(
            pair=pair,
            probability=float(probabilities(float(logit_difference(logits)), decision.temperature)),
            threshold=decision.threshold,
            logits=(benign, malignant),
            image=torch.as_tensor(sample["image"]).cpu().numpy(),
            affines=torch.as_tensor(sample["affines"]).cpu().numpy(),
            attention=details.attention_of(index),
            member_probabilities=details.members_of(index),
            findings=tuple(filter(None, str(sample["findings"]).split("\n"))),
            series=series_from_json(str(sample.get("series", NO_SERIES))),
            code_book=checkpoint.code_book,
            trained_on=checkpoint.trained_on,
            caveat=checkpoint.caveat(pair),
            sees_clinical=checkpoint.sees_clinical,
        )

    def _completed(self, prediction: Prediction) -> Prediction:
        """Return a prediction with what belongs beside its number: checks, measurements, band, pictures."""
        item = self._cases.item(prediction.pair.subject, prediction.pair.nodule)
        folder, predictor = Path(item["datalist_folder"]), self._predictor
        findings = (*predictor.unlike_findings(prediction), *prediction.findings)
        prediction = replace(prediction, findings=findings)
        if self._measure:
            prediction = predictor.with_measurements(prediction, folder)
        if self._clicks:
            prediction = predictor.with_band(prediction, folder)
        return predictor.with_pictures(prediction, folder)

    def _write_table(self, _: Evaluator) -> None:
        path = self._files.write_table()
        logger.info("predictions: %s", path)
        logger.info("weights trained on: %s. Not a medical device.", self._cases.checkpoint.trained_on)
