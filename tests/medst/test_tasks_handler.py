"""What may be judged, and what a result says of it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from helpers.medst_cohort import SECTIONS

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import (
    EvaluateTasks,
    Pretrained,
    PretrainingNetwork,
    SentenceTokenizer,
    StudySequence,
    StudyViews,
    make_tasks,
    single_studies,
    study_sequences,
)
from csfnet_bundle.medst.ct_tasks import ct_tasks
from csfnet_bundle.medst.embedding import Embedded
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, remember_patients

NO_TABLES = {"temporal_image": None, "temporal_sentence": None, "zero_shot": None, "probe": None}


def _trained_on(sequences: Sequence[StudySequence], network: PretrainingNetwork, tokenizer: SentenceTokenizer,
                views: StudyViews) -> Pretrained:  # fmt: skip
    seen = remember_patients(sequence.patient for sequence in sequences)
    return Pretrained(network, tokenizer, views.roi.to_plain(), ("age",), {"phantom": True, SEEN_PATIENTS: seen})


def test_patients_of_the_pre_training_are_not_judged(
    screens: Path, tmp_path: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, views: StudyViews
) -> None:
    tasks = make_tasks(screens, "test", ("age",), NO_TABLES, {})
    pretrained = _trained_on(study_sequences(screens, "test"), network, tokenizer, views)
    with pytest.raises(BundleError, match="held out in 'test'"):
        EvaluateTasks(pretrained, single_studies(tasks), tasks, screens, tmp_path)


def test_phantoms_of_another_seed_are_judged_and_tables_by_name_alone(
    screens: Path, tmp_path: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, views: StudyViews
) -> None:
    """Every phantom cohort counts its subjects from one; whose a table's patients are nobody knows."""
    patients = [sequence.patient for sequence in study_sequences(screens, "test")]
    told = {SEEN_PATIENTS: remember_patients(patients, "phantom, seed 77")}
    pretrained = Pretrained(network, tokenizer, views.roi.to_plain(), ("age",), told)
    tasks = make_tasks(screens, "test", ("age",), NO_TABLES, {})
    EvaluateTasks(pretrained, single_studies(tasks), tasks, screens, tmp_path)
    with pytest.raises(BundleError, match="who is judged in task"):
        EvaluateTasks(pretrained, single_studies(tasks), tasks, None, tmp_path, tables={"probe": "probe.csv"})


def test_a_network_of_radiographs_wants_tables(screens: Path) -> None:
    with pytest.raises(BundleError, match="was trained on radiographs, and no table of them is named"):
        make_tasks(screens, "test", (), NO_TABLES, {})


def test_results_tell_the_origin_without_its_patients(
    screens: Path, tmp_path: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, views: StudyViews
) -> None:
    tasks = make_tasks(screens, "test", ("age",), NO_TABLES, {})
    pretrained = _trained_on(study_sequences(screens, "training"), network, tokenizer, views)
    windows = single_studies(tasks)
    handler = EvaluateTasks(pretrained, windows, tasks, screens, tmp_path)
    handler._rows = [(vector, vector, vector) for vector in torch.randn(len(windows), 128).double().numpy()]
    handler._write(None)  # type: ignore[arg-type]
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert len(windows) == 3 * SECTIONS["test"]
    assert found["pretraining"] == {"phantom": True}


def test_tasks_without_a_row_are_refused_in_a_line() -> None:
    for task in ct_tasks([]):
        with pytest.raises(BundleError, match="no row"):
            task.judge(Embedded(text=dict.fromkeys(task.sentences, torch.ones(128).numpy())))
