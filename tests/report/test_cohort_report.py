import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.output import write_evaluation
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions
from csfnet_bundle.report.cohort_report import worst_errors, write_cohort_report
from csfnet_bundle.report.reference import Reference

HOSTILE = "<script>alert(1)</script>"
RESAMPLES = 200


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated")
    random = np.random.default_rng(3)
    labels = np.arange(40) % 2
    logits = random.normal(2.0 * labels - 1.0, 1.5)
    table = prediction_table([f"{100000 + n}" for n in range(40)], ["1"] * 40, logits, labels.tolist())
    history = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [0.7, 0.5, 0.4], "validation_auc": [0.6, 0.7, 0.75]})
    context = {
        "data": "phantom cohort, 64 subjects, seed 1, section test",
        "phantom": True,
        "weights": "models/model.pt, trained on phantoms",
        "decision_chosen_on": "its validation section",
        "git_commit": "0123abc",
        "checkpoint": {"epoch": 7, "validation": {"validation_auc": 0.812345}},
    }
    write_evaluation(folder, table, Decision(1.2, 0.45), context, history=history, best_epoch=2, resamples=RESAMPLES)
    return folder


@pytest.fixture
def folder(evaluated, tmp_path):
    return shutil.copytree(evaluated, tmp_path / "run")


def test_the_page_shows_what_the_evaluation_wrote(folder, case, images, read_page):
    predictions = read_predictions(folder / "predictions.csv")
    oracle = Reference.from_scores(
        "oracle, all inputs", predictions["label"].to_numpy(float), predictions, resamples=RESAMPLES
    )
    worst = worst_errors(predictions, 2)
    errors = [
        (dataclasses.replace(case, subject=row.subject, label=int(row.label), probability=row.probability), images)
        for row in worst.itertuples()
    ]
    path = write_cohort_report(folder, references=[oracle], errors=errors)
    assert path == folder / "report.html"
    page = read_page(path)
    page.assert_self_contained_and_accessible()
    assert len(page.images) == 5
    assert len(page.pictures) == 2 * 6

    document = json.loads((folder / "metrics.json").read_text())
    for name, values in document["metrics"].items():
        made = " over patients" if name == "auc" else ""
        assert f"{values['value']:.3f}{made} {values['lower']:.3f} to {values['upper']:.3f}" in page.text
    assert page.text.count("often a malignant nodule gets a higher probability") == 1
    confusion = document["confusion"]
    assert f"malignant {confusion['true_positive']} {confusion['false_negative']}" in page.text
    assert f"benign {confusion['false_positive']} {confusion['true_negative']}" in page.text
    wrong = confusion["false_positive"] + confusion["false_negative"]
    for expected in (
        "oracle, all inputs 1.000",
        "Pairs 40",
        "Patients 40",
        "Malignant 20 (50 %)",
        "it says nothing about patients",
        "40 patients are too few to judge a system by",
        f"{wrong} of 40 pairs lie on the wrong side",
        "Threshold 0.450 and temperature 1.200 were chosen on its validation section",
        "git commit 0123abc",
        "checkpoint, epoch 7",
        "checkpoint, validation, validation auc 0.812",
        f"{document['auc_delong']['lower']:.3f} to {document['auc_delong']['upper']:.3f}",
        "torch 2.13.0",
        f"{worst.iloc[0].subject}/1:",
    ):
        assert expected in page.text
    assert page.text.count("Not a medical device.") == 2


def test_only_the_plots_that_are_there_are_shown_and_nothing_is_needed_beside(folder, read_page):
    (folder / "training.png").unlink()
    page = read_page(write_cohort_report(folder))
    assert len(page.images) == 4
    assert "Training" not in [words for _, words in page.headings]
    assert "Beside the network" not in page.text


def test_hostile_text_stays_text(folder, case, images, read_page):
    path = folder / "metrics.json"
    document = json.loads(path.read_text())
    document |= {"data": HOSTILE, "weights": HOSTILE, "note": HOSTILE, HOSTILE: HOSTILE}
    document["versions"][HOSTILE] = HOSTILE
    path.write_text(json.dumps(document))
    hostile = dataclasses.replace(case, subject=HOSTILE, findings=(HOSTILE,), missing=(HOSTILE,))
    page = read_page(write_cohort_report(folder, errors=[(hostile, images)]))
    page.assert_self_contained_and_accessible()
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 10


def test_undefined_metrics_are_called_undefined(tmp_path, read_page):
    table = prediction_table(["1", "2"], ["1", "1"], [0.3, -0.2], [1, 1])
    context = {"data": "d", "phantom": False, "weights": "w", "decision_chosen_on": "v"}
    write_evaluation(tmp_path, table, Decision(1.0, 0.5), context, resamples=20)
    text = read_page(write_cohort_report(tmp_path)).text
    assert "0.5 is guessing undefined over patients undefined by DeLong undefined" in text
    assert "Benign 0" in text


def test_a_folder_without_evaluation_is_refused(tmp_path, folder):
    with pytest.raises(BundleError, match=r"there is no metrics\.json.*run evaluating"):
        write_cohort_report(tmp_path / "empty")
    (folder / "metrics.json").write_text("{")
    with pytest.raises(BundleError, match="not JSON"):
        write_cohort_report(folder)
    (folder / "metrics.json").write_text('{"data": "x"}')
    with pytest.raises(BundleError, match="it lacks"):
        write_cohort_report(folder)
    assert not (folder / "report.html").exists()


def test_only_wrong_pairs_are_shown_the_worst_first():
    table = pd.DataFrame(
        {
            "nodule": list("abcdef"),
            "label": [1, 1, 0, 0, 0, 1],
            "probability": [0.9, 0.1, 0.95, 0.2, 0.45, 0.3],
            "threshold": 0.4,
        }
    )
    assert worst_errors(table)["nodule"].tolist() == ["c", "b", "f", "e"]
    assert worst_errors(table, 2)["nodule"].tolist() == ["c", "b"]
    assert worst_errors(table[table["nodule"].isin(["a", "d"])]).empty


def test_a_pair_at_the_threshold_is_called_malignant():
    table = pd.DataFrame({"label": [1, 0], "probability": [0.4, 0.4], "threshold": 0.4})
    assert worst_errors(table).index.tolist() == [1]
