"""The handler that turns an evaluator's run over studies into the results of all tasks."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite.engine import Events
from monai.engines import Evaluator
from monai.utils.enums import CommonKeys

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.medst.csv_tasks import probe_task, temporal_image_task, temporal_sentence_task, zero_shot_task
from csfnet_bundle.medst.ct_tasks import ct_tasks
from csfnet_bundle.medst.data import describe_dataset, study_sequences
from csfnet_bundle.medst.embedding import Embedded, Task, embed_sentences
from csfnet_bundle.medst.held_out_losses import held_out_losses
from csfnet_bundle.medst.interpretation import read_out
from csfnet_bundle.medst.model_file import Pretrained
from csfnet_bundle.medst.sequences import Study, StudySequence
from csfnet_bundle.medst.summary import NOT_JUDGED, evaluation_markdown
from csfnet_bundle.medst.views import StudyViews
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, check_judged, check_unseen

logger = logging.getLogger(__name__)

METRICS_NAME = "metrics.json"
SUMMARY_NAME = "metrics.md"
OTHER_PATIENTS = "Leave the patient out; another one of the same name needs another name, such as with a prefix."


def make_tasks(
    dataset: str | Path | None,
    section: str,
    fields: Sequence[str],
    tables: Mapping[str, str | None],
    prompts: Mapping[str, Sequence[str]],
    tell_changes: bool = False,
) -> list[Task]:
    """Return the tasks of an evaluation: those of the tables, or those of CT follow-up where no table is named.

    Args:
        dataset: the cohort of CT follow-up.
        section: its section.
        fields: columns of the screening record that the network's texts came from.
        tables: CSV files under ``temporal_image``, ``temporal_sentence``, ``zero_shot`` and ``probe``; None for none.
        prompts: sentences under ``positive`` and ``negative``, for the table of zero-shot classification.
        tell_changes: the network's texts of follow-ups told the change.
    """
    makers = {
        "temporal_image": temporal_image_task,
        "temporal_sentence": temporal_sentence_task,
        "zero_shot": lambda csv: zero_shot_task(csv, prompts["positive"], prompts["negative"]),
        "probe": probe_task,
    }
    named = {name: csv for name, csv in tables.items() if csv}
    unknown = set(named) - set(makers)
    if unknown:
        raise BundleError(f"there is no task {min(unknown)!r}", remedy=f"Tasks: {', '.join(makers)}.")
    if named:
        return [makers[name](csv) for name, csv in named.items()]
    if dataset is None:
        raise BundleError("neither a cohort nor a table is named", remedy="Name one by --dataset_dir or --tables.")
    if not fields:
        raise BundleError(
            "the network was trained on radiographs, and no table of them is named",
            remedy="Name some by --tables#TASK.",
        )
    return ct_tasks(study_sequences(dataset, section, fields, tell_changes))


def single_studies(tasks: Sequence[Task]) -> list[StudySequence]:
    """Return every study that a task needs, once, as a sequence of its own for a data set of windows; perhaps none."""
    studies: dict[str, Study] = {study.name: study for task in tasks for study in task.studies}
    return [StudySequence(name, study.patient, (study,)) for name, study in studies.items()]


class EvaluateTasks:
    """Collects the embeddings of an evaluator's run and judges every task: ``metrics.json``, ``metrics.md``.

    Args:
        pretrained: the network and what belongs to it.
        windows: the evaluator's studies, in the loader's order.
        tasks: what to judge.
        dataset: the data, for the record.
        output_dir: where the files go.
        views: of the studies; with it the interpretation is read out, too (CT alone).
        checkpoint_path: of the network, for the record.
        section: of the cohort, for the record.
        tables: as of :func:`make_tasks`, for the record.

    Raises:
        BundleError: the network was trained on patients whom the cohort holds out, or whom a table judges.
    """

    def __init__(
        self,
        pretrained: Pretrained,
        windows: Sequence[StudySequence],
        tasks: Sequence[Task],
        dataset: str | Path | None,
        output_dir: str | Path,
        views: StudyViews | None = None,
        checkpoint_path: str | Path = "",
        section: str | None = None,
        tables: Mapping[str, str | None] | None = None,
    ) -> None:
        self._pretrained, self._windows, self._tasks = pretrained, windows, tasks
        self._dataset, self._folder, self._views = dataset, Path(output_dir), views
        self._checkpoint_path = Path(checkpoint_path)
        self._rows: list[tuple[Any, ...]] = []
        self._section, self._tables = section, {name: Path(csv) for name, csv in (tables or {}).items() if csv}
        seen = pretrained.provenance.get(SEEN_PATIENTS, {})
        if dataset is not None:
            check_unseen(seen, dataset, str(checkpoint_path))
        # A table does not say whose patients it has.
        cohort = None if dataset is None or self._tables else describe_dataset(dataset).patients_of
        for task in tasks:
            role = f"judged in task {task.name!r}"
            check_judged(seen, task.patients, role, str(checkpoint_path), OTHER_PATIENTS, cohort)

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator; the file is written when its run is over."""
        evaluator.add_event_handler(Events.STARTED, lambda _: self._rows.clear())
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._collect)
        evaluator.add_event_handler(Events.COMPLETED, self._write)

    def run(self, evaluator: Evaluator) -> None:
        """Run the evaluator to which this is attached; where no task needs an image there is nothing for it to do."""
        if self._windows:
            evaluator.run()
        else:
            self._write(evaluator)

    def _collect(self, evaluator: Evaluator) -> None:
        parts = (part.cpu().double().numpy() for part in evaluator.state.output[CommonKeys.PRED])
        self._rows += list(zip(*parts, strict=True))

    def _write(self, _: Evaluator) -> None:
        embedded = Embedded()
        for window, (image, study, untrained) in zip(self._windows, self._rows, strict=True):
            embedded.image[window.name], embedded.features[window.name] = image, study
            embedded.untrained[window.name] = untrained
        sentences = [sentence for task in self._tasks for sentence in task.sentences]
        network, tokenizer = self._pretrained.network, self._pretrained.tokenizer
        embedded.text.update(embed_sentences(network, tokenizer, sentences))
        document: dict[str, object] = {
            "checkpoint": self._checkpoint_path.name,
            # Results are shown around; the list of patients stays with the weights.
            "pretraining": {key: told for key, told in self._pretrained.provenance.items() if key != SEEN_PATIENTS},
            "data": None if self._dataset is None else vars(describe_dataset(self._dataset)),
            "section": None if self._dataset is None else self._section,
            "tables": {name: vars(describe_dataset(csv)) for name, csv in self._tables.items()},
            "tasks": {task.name: _judge(task, embedded) for task in self._tasks},
        }
        if self._views is not None:
            studies = [window.studies[0] for window in self._windows]
            document["interpretation"] = read_out(self._pretrained, studies, self._views)
            if self._dataset is not None and self._section is not None:
                fields, told = self._pretrained.fields, self._pretrained.tell_changes
                held_out = study_sequences(self._dataset, self._section, fields, told)
                document["held_out"] = held_out_losses(self._pretrained, held_out, self._views)
        path = self._folder / METRICS_NAME
        write_atomically(self._folder / SUMMARY_NAME, evaluation_markdown(document))
        write_atomically(path, json.dumps(document, indent=1) + "\n")
        logger.info("%d tasks on %d studies: %s", len(self._tasks), len(self._windows), path)


def _judge(task: Task, embedded: Embedded) -> Mapping[str, object]:
    """Judge a task; what the data do not allow is told in the result."""
    try:
        return task.judge(embedded)
    except BundleError as error:
        logger.warning("%s is not judged: the result says why", task.name)
        return {NOT_JUDGED: str(error)}
