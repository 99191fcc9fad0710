import json

import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation import output
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import METRICS
from csfnet_bundle.evaluation.output import write_evaluation
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions

CONTEXT = {
    "data": "phantom cohort, test",
    "phantom": True,
    "weights": "narrow network trained on phantoms",
    "decision_chosen_on": "phantom cohort, validation",
    "seed_of_cohort": 7,
}
DECISION = Decision(1.5, 0.4)
PICTURES = {"roc.png", "precision_recall.png", "calibration.png", "decision_curve.png"}


@pytest.fixture
def table():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 40)
    subjects = [f"{row // 2:06d}" for row in range(40)]
    return prediction_table(subjects, [str(row) for row in range(40)], labels + generator.normal(size=40), labels)


def test_folder_holds_what_the_returned_document_says(table, tmp_path):
    history = pd.DataFrame({"epoch": [1, 2], "training_loss": [0.7, 0.6], "validation_auc": [0.5, None]})
    document = write_evaluation(tmp_path / "out", table, DECISION, CONTEXT, history=history, best_epoch=2, resamples=50)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == document
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "metrics.json",
        "predictions.csv",
        "training.png",
        *PICTURES,
    }
    assert CONTEXT.items() <= document.items()
    assert document["decision"] == {"temperature": 1.5, "threshold": 0.4}
    assert (document["pairs"], document["patients"]) == (40, 20)
    assert document["bootstrap"]["resamples"] == 50
    assert set(document["metrics"]) == set(METRICS)
    assert "phantoms" in document["note"]
    assert "20 patients are too few" in document["note"]
    written = read_predictions(tmp_path / "out" / "predictions.csv")
    np.testing.assert_allclose(written["probability"], 1 / (1 + np.exp(-written["logit"] / 1.5)))
    assert (written["threshold"] == 0.4).all()


def test_same_predictions_give_the_same_bytes(table, tmp_path):
    for name in ("a", "b"):
        write_evaluation(tmp_path / name, table, DECISION, CONTEXT, resamples=20)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_one_class_is_written_with_nulls(table, tmp_path):
    document = write_evaluation(tmp_path, table.assign(label=0), DECISION, CONTEXT, resamples=20)
    assert document["metrics"]["auc"]["value"] is None
    assert {path.name for path in tmp_path.iterdir()} >= PICTURES


def test_interrupted_evaluation_leaves_no_old_metrics_beside_new_files(table, tmp_path, monkeypatch):
    write_evaluation(tmp_path, table, DECISION, CONTEXT, resamples=20)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "save_figure", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_evaluation(tmp_path, table, DECISION, CONTEXT, resamples=20)
    assert not (tmp_path / "metrics.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"phantom": None}, "phantom is None"),
        ({"weights": ...}, "lacks weights"),
        ({"cohort": object()}, "JSON cannot"),
    ],
)
def test_context_that_says_too_little_is_refused_before_anything_is_written(table, tmp_path, change, words):
    context = {name: value for name, value in {**CONTEXT, **change}.items() if value is not ...}
    with pytest.raises(BundleError, match=words):
        write_evaluation(tmp_path / "out", table, DECISION, context, resamples=20)
    assert not (tmp_path / "out").exists()
