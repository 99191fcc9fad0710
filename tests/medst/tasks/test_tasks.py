"""Each task finds what is in embeddings made for it, and nothing in noise."""

import numpy as np
import pytest

from csfnet_bundle.medst.tasks import (
    probe_classification,
    temporal_image_classification,
    temporal_sentence_similarity,
    zero_shot_classification,
)

ROWS = 120
PATIENTS = [str(number // 2) for number in range(ROWS)]
LABELS = [number % 2 for number in range(ROWS)]


def _noise(seed: int, width: int = 8) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(ROWS, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_temporal_images() -> None:
    before, after = _noise(0), _noise(1)
    changes = [("improving", "stable", "worsening")[number % 3] for number in range(ROWS)]
    blind = temporal_image_classification(before, after, changes, PATIENTS)
    assert blind["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.13)
    seen = temporal_image_classification(before, before + np.array([number % 3 for number in range(ROWS)])[:, None],
                                         changes, PATIENTS)  # fmt: skip
    assert seen["balanced_accuracy"] > 0.95
    assert seen["chance_balanced_accuracy"] == pytest.approx(1 / 3)
    assert set(seen["recall"]) == set(changes)  # type: ignore[arg-type]


def test_a_rule_for_the_frequent_class_has_a_high_accuracy_alone() -> None:
    changes = ["worsening" if number % 10 else "stable" for number in range(ROWS)]
    result = temporal_image_classification(np.ones((ROWS, 2)), np.ones((ROWS, 2)), changes, PATIENTS)
    assert result["majority_accuracy"] == pytest.approx(0.9)
    assert result["balanced_accuracy"] == pytest.approx(0.5)


def test_temporal_sentences() -> None:
    first = _noise(0)
    second = np.where(np.array(LABELS)[:, None] == 1, first, _noise(1))
    assert temporal_sentence_similarity(first, second, LABELS, PATIENTS)["auroc"] > 0.99
    assert temporal_sentence_similarity(first, _noise(2), LABELS, PATIENTS)["auroc"] == pytest.approx(0.5, abs=0.15)


def test_zero_shot() -> None:
    positive, negative = _noise(5)[:2], _noise(6)[:3]
    direction = positive.mean(0) - negative.mean(0)
    images = _noise(0) + np.array(LABELS)[:, None] * direction * 3
    assert zero_shot_classification(images, positive, negative, LABELS, PATIENTS)["auroc"] > 0.95
    turned = zero_shot_classification(images, negative, positive, LABELS, PATIENTS)
    assert turned["auroc"] < 0.05, "which sentences are positive matters: nothing is fitted"


def test_probe() -> None:
    features = _noise(0, 20)
    assert probe_classification(features, LABELS, PATIENTS)["auroc"] == pytest.approx(0.5, abs=0.15)
    features[:, 3] += np.array(LABELS)
    assert probe_classification(features, LABELS, PATIENTS)["auroc"] > 0.9
