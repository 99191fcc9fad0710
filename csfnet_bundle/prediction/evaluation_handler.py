"""The handler that turns an evaluator's run over labelled pairs into metrics, tables, plots and a report."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import torch
from ignite.engine import Events
from monai.data import Dataset
from monai.engines import Evaluator

from csfnet_bundle.cohorts.phantom.truth import read_oracle
from csfnet_bundle.evaluation.output import METRICS_NAME, write_evaluation
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.prediction.cases import CaseMaker
from csfnet_bundle.prediction.checkpoint import STATE_NAME, ModelCheckpoint
from csfnet_bundle.prediction.data import DataDescription, data_description
from csfnet_bundle.prediction.outputs import PredictionCollector
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, accepted_patients
from csfnet_bundle.prediction.weights_file import read_plain
from csfnet_bundle.report import Case, CaseImages
from csfnet_bundle.report.cohort_report import worst_errors, write_cohort_report
from csfnet_bundle.report.reference import Reference

logger = logging.getLogger(__name__)

ORACLE = "oracle (best possible from all inputs)"

OTHER_PATIENTS = "Judge it on other patients."

PEAK_PAIRS = 25
"""Pairs whose attention is summed up: each costs a further pass, and flat is told from selective by far fewer."""


class WriteEvaluation:
    """Judges the predictions of a section: ``metrics.json``, ``predictions.csv``, plots and ``report.html``.

    Nothing is chosen here: temperature and threshold come with the checkpoint, from its training's validation pairs.

    Args:
        network: the network, for the attention in the report.
        checkpoint: the weights that are judged.
        checkpoint_path: where they lie.
        dataset: the data set that the evaluator runs over.
        dataset_dir: the cohort.
        section: its section.
        output_dir: where the files go.
        accept_seen_patients: judge although the weights were trained on some of these patients; the result says so.

    Raises:
        BundleError: the weights were trained on a patient of the section.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        checkpoint: ModelCheckpoint,
        checkpoint_path: str | Path,
        dataset: Dataset,
        dataset_dir: str | Path,
        section: str,
        output_dir: str | Path,
        accept_seen_patients: bool = False,
    ) -> None:
        self._accepted = {}
        if checkpoint.seen_patients:
            self._accepted = accepted_patients(
                checkpoint.seen_patients,
                dataset_dir,
                (section,),
                str(checkpoint_path),
                OTHER_PATIENTS,
                accept=accept_seen_patients,
            )
        self._cases = CaseMaker(network, checkpoint, Path(checkpoint_path), dataset.data)
        self._dataset = dataset
        self._dataset_dir = Path(dataset_dir)
        self._section = section
        self._folder = Path(output_dir)
        self._collector = PredictionCollector()

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator; files are written when its run is over."""
        self._collector.attach(evaluator)
        evaluator.add_event_handler(Events.COMPLETED, self._write)

    def _write(self, _: Evaluator) -> None:
        checkpoint = self._cases.checkpoint
        decision = checkpoint.decision
        table = self._collector.table()
        predictions = prediction_table(
            table["subject"].tolist(),
            table["nodule"].tolist(),
            table["logit"].to_numpy(),
            table["label"].tolist(),
            temperature=decision.temperature,
            threshold=decision.threshold,
        )
        data = data_description(self._dataset_dir)
        references = self._references(data, predictions)
        context: dict[str, object] = {
            "data": f"{data.name}, {self._section}",
            "phantom": data.phantom,
            "datalist_sha256": data.datalist_sha256,
            "weights": f"{self._cases.checkpoint_path.name}, trained on {checkpoint.trained_on}",
            "decision_chosen_on": f"validation of {checkpoint.trained_on}",
            # Results are shown around; the list of patients stays with the weights.
            "checkpoint": {key: told for key, told in checkpoint.provenance.items() if key != SEEN_PATIENTS},
            "references": {reference.name: reference.to_plain() for reference in references},
        }
        context |= self._accepted
        samples = [self._dataset[index] for index in range(min(PEAK_PAIRS, len(self._dataset)))]
        peaks = self._cases.attention_peaks(samples)
        if peaks is not None:
            context["attention_peaks"] = (
                f"largest weight x keys, mean over {len(samples)} pairs: image {peaks['image']:.3f}, clinical "
                f"{peaks['clinical']:.3f}. 1 is flat; a flat map is no evidence of where anything lies"
            )
        history = self._history()
        best_epoch = checkpoint.provenance.get("epoch") if history is not None else None
        document = write_evaluation(
            self._folder, predictions, decision, context, history=history, best_epoch=best_epoch
        )
        report = write_cohort_report(self._folder, references=references, errors=self._errors(predictions))
        logger.info("%s, %s: %s", self._folder / METRICS_NAME, report, document["note"])

    def _references(self, data: DataDescription, predictions: pd.DataFrame) -> list[Reference]:
        """On phantoms the best possible score of each pair is known."""
        if not data.phantom:
            return []
        scores = read_oracle(self._dataset_dir, predictions["subject"].tolist())
        return [] if scores is None else [Reference.from_scores(ORACLE, scores, predictions)]

    def _errors(self, predictions: pd.DataFrame) -> list[tuple[Case, CaseImages]]:
        wrong = worst_errors(predictions)
        place = {(item["subject"], item["nodule"]): index for index, item in enumerate(self._dataset.data)}
        cases = []
        for subject, nodule, logit in zip(wrong["subject"], wrong["nodule"], wrong["logit"], strict=True):
            sample = self._dataset[place[subject, nodule]]
            attention = self._cases.output([sample]).attention_of(0)
            cases.append(self._cases.case(sample, logit, attention))
        return cases

    def _history(self) -> pd.DataFrame | None:
        """The training's curves, where the weights lie beside the state of the run that made them."""
        state = self._cases.checkpoint_path.parent / STATE_NAME
        if not state.is_file():
            return None
        history = read_plain(state, "Delete it; the evaluation then draws no training curves.")["history"]
        return pd.DataFrame(history) if history else None
