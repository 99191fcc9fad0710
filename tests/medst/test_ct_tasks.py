"""What CT follow-up asks, on embeddings made by hand."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.medst import study_sequences
from csfnet_bundle.medst.ct_tasks import change_rows, changed_pairs, ct_tasks
from csfnet_bundle.medst.embedding import Embedded, Task

GROWING = ("grown", "larger", "Enlarging", "increased")


def _sentences(screens: Path) -> Task:
    growing = [one for one in study_sequences(screens, "test") if one.studies[1].values["change"] == "worsening"]
    some = [one for one in study_sequences(screens, "test") if one.studies[1].values["change"] == "improving"]
    return next(task for task in ct_tasks([*growing, *some[:2]]) if task.name == "temporal_sentence")


def _judged(task: Task, vectors: dict[str, tuple[float, float]]) -> object:
    return task.judge(Embedded(text={sentence: np.array(vector) for sentence, vector in vectors.items()}))["auroc"]


def test_who_understands_is_told_from_who_likes_a_wording(screens: Path) -> None:
    """Most nodules here grow: the liking alone must not look like understanding."""
    task = _sentences(screens)
    understood = {text: (1.0, 0.0) if any(word in text for word in GROWING) else (0.0, 1.0) for text in task.sentences}
    assert _judged(task, understood) == 1.0
    liked = {text: (1.0, 0.0) if "Enlarging" in text else (0.0, 1.0) for text in task.sentences}
    liked |= {text: (0.8, 0.6) for text in task.sentences if text.startswith("The nodule")}
    assert _judged(task, liked) == pytest.approx(0.5)


def _words(text: str, run: int) -> set[str]:
    words = re.findall(r"[\w.]+", text)
    return {" ".join(words[place : place + run]) for place in range(len(words) - run + 1)}


@pytest.mark.parametrize("run", [1, 2, 3, 6])
def test_shared_words_and_their_order_tell_nothing(screens: Path, run: int) -> None:
    """Runs of six words hold both sizes, so that their order is among what is compared."""
    sequences = study_sequences(screens, "test")
    rows = change_rows(changed_pairs(sequences))
    shared = []
    for first, second, _, _ in rows:
        one, other = _words(first, run), _words(second, run)
        shared.append(len(one & other) / len(one | other))
    assert len(rows) > 100
    assert roc_auc_score([same for _, _, same, _ in rows], shared) == pytest.approx(0.5, abs=0.03)


def test_the_order_of_sizes_tells_nothing(screens: Path) -> None:
    rows = change_rows(changed_pairs(study_sequences(screens, "test")))
    numbers = [[re.findall(r"\d+ x \d+", text) for text in row[:2]] for row in rows]
    same_order = [int(first == second) for first, second in numbers]
    assert roc_auc_score([row[2] for row in rows], same_order) == 0.5
