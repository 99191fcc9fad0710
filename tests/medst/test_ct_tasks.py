"""What CT follow-up asks, on embeddings made by hand."""

from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.medst import study_sequences
from csfnet_bundle.medst.ct_tasks import ct_tasks
from csfnet_bundle.medst.embedding import Embedded, Task

GROWING = ("grown", "Enlarging")


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
