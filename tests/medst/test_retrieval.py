import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.retrieval import retrieval

PATIENTS = [str(number // 3) for number in range(30)]
SENTENCES = [f"sentence {number}" for number in range(30)]


def _unit(seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(30, 16))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_pairs_that_fit_are_found_and_others_are_not() -> None:
    texts = _unit(0)
    found = retrieval(texts, texts, SENTENCES, PATIENTS)
    assert (found["median_rank"], found["right_of_patient"]) == (0.0, 1.0)
    assert found["chance_right_of_patient"] == pytest.approx(1 / 3)
    blind = retrieval(_unit(1), texts, SENTENCES, PATIENTS)
    assert blind["median_rank"] == pytest.approx(0.5, abs=0.15)
    same = retrieval(np.ones((30, 1)), np.ones((30, 1)), SENTENCES, PATIENTS)
    assert (same["median_rank"], same["right_of_patient"]) == (0.5, 0.0), "who says the same of all finds nothing"


def test_equal_texts_are_no_wrong_answers() -> None:
    """Each patient's three studies have one text: nothing is asked within a patient."""
    texts = np.repeat(_unit(0)[:10], 3, axis=0)
    found = retrieval(texts, texts, PATIENTS, PATIENTS)
    assert found["median_rank"] == 0.0
    assert found["right_of_patient"] is None
    with pytest.raises(BundleError, match="all studies have the same text"):
        retrieval(texts, texts, ["same"] * 30, PATIENTS)
