"""Evaluation through the config that users run, compared with the same network asked by hand."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.direct_prediction import direct_logits
from helpers.workflow_runs import EVALUATE, make_workflow

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.prediction.checkpoint import load_checkpoint

SAME_LOGIT = 1e-4
"""A batch and a single pair differ by the order of sums in float32."""


@pytest.fixture(scope="module")
def evaluated(trained: Path, small_cohort: Path, roi_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of an evaluation of the training's own model on the test pairs."""
    output = tmp_path_factory.mktemp("evaluated")
    make_workflow(
        "evaluating",
        EVALUATE,
        dataset_dir=str(small_cohort),
        cache_dir=str(roi_cache),
        training_dir=str(trained),
        output_dir=str(output),
        num_workers=0,
    ).run()
    return output


def test_predictions_are_those_of_the_model(evaluated: Path, trained: Path, small_cohort: Path) -> None:
    checkpoint = load_checkpoint(trained / "model.pt")
    expected = direct_logits(checkpoint, small_cohort, "test")
    table = read_predictions(evaluated / "predictions.csv")
    assert table["subject"].tolist() == list(expected)
    np.testing.assert_allclose(table["logit"], list(expected.values()), atol=SAME_LOGIT)
    np.testing.assert_allclose(
        table["probability"], 1 / (1 + np.exp(-table["logit"] / checkpoint.decision.temperature))
    )
    assert table["label"].tolist() == [0, 1] * 4


def test_metrics_say_what_was_judged_and_choose_nothing(evaluated: Path, trained: Path) -> None:
    document = json.loads((evaluated / "metrics.json").read_text())
    checkpoint = load_checkpoint(trained / "model.pt")
    assert document["decision"] == checkpoint.decision.to_plain()
    assert document["decision_chosen_on"] == "validation of small test cohort"
    assert document["data"] == "small test cohort, test"
    assert document["phantom"] is True
    assert document["checkpoint"]["epoch"] == checkpoint.provenance["epoch"]
    table = read_predictions(evaluated / "predictions.csv")
    benign, malignant = (table.loc[table["label"] == label, "logit"].to_numpy() for label in (0, 1))
    area = ((malignant > benign[:, None]) + 0.5 * (malignant == benign[:, None])).mean()
    auc = document["metrics"]["auc"]
    assert auc["value"] == pytest.approx(area)
    if auc["lower"] is None:  # no interval where the areas of all resamples are equal
        assert area in (0.0, 1.0) or len({*malignant, *benign}) == 1
    else:
        assert auc["lower"] <= auc["value"] <= auc["upper"]


def test_report_plots_and_training_curves_are_there(evaluated: Path) -> None:
    plots = ("roc", "precision_recall", "calibration", "decision_curve", "training")
    for name in plots:
        assert (evaluated / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    report = (evaluated / "report.html").read_text()
    assert "small test cohort" in report
    assert "phantom" in report


def test_another_section_can_be_judged(run: Callable[..., None], trained: Path, tmp_path: Path) -> None:
    """On its validation pairs the model has the AUC that its training wrote down."""
    settings = {"training_dir": str(trained), "output_dir": str(tmp_path), "num_workers": 0}
    run("evaluating", EVALUATE, **settings, sections=["validation"], accept_seen_patients=True)
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert document["data"] == "small test cohort, validation"
    expected = load_checkpoint(trained / "model.pt").provenance["validation"]["validation_auc"]
    assert document["metrics"]["auc"]["value"] == pytest.approx(expected)


@pytest.mark.parametrize(("run_id", "configs"), [("evaluating", EVALUATE), ("inference", ["inference.json"])])
def test_a_model_that_is_not_there_is_one_line(
    run_id: str, configs: list[str], run: Callable[..., None], tmp_path: Path
) -> None:
    missing, output = tmp_path / "none.pt", tmp_path / "out"
    with pytest.raises(RuntimeError) as wrapped:
        run(run_id, configs, checkpoint_path=str(missing), output_dir=str(output), num_workers=0)
    assert str(bundle_error_in(wrapped.value)).startswith(f"there is no checkpoint {missing}")
    assert not output.exists()


@pytest.mark.parametrize(("run_id", "configs"), [("evaluating", EVALUATE), ("inference", ["inference.json"])])
def test_a_network_of_another_width_is_not_judged_with_random_weights(
    run_id: str, configs: list[str], run: Callable[..., None], trained: Path, tmp_path: Path
) -> None:
    other = {"_target_": "csfnet_bundle.networks.CSFNet", "widths": [[4], [4], [16]]}
    with pytest.raises((RuntimeError, ValueError)) as caught:
        run(run_id, configs, training_dir=str(trained), output_dir=str(tmp_path / "out"), network_def=other)
    refusal = str(bundle_error_in(caught.value))
    assert "the checkpoint is of another width" in refusal
    assert str(trained / "model.pt") in refusal
    assert not (tmp_path / "out" / "predictions.csv").exists()


def test_the_same_network_defined_anew_gets_the_weights(
    run: Callable[..., None], evaluated: Path, trained: Path, tmp_path: Path
) -> None:
    same = {"_target_": "csfnet_bundle.networks.CSFNet", "widths": [[4], [4], [8]]}
    run("evaluating", EVALUATE, training_dir=str(trained), output_dir=str(tmp_path), network_def=same)
    tables = [read_predictions(folder / "predictions.csv") for folder in (evaluated, tmp_path)]
    np.testing.assert_allclose(tables[0]["logit"], tables[1]["logit"], atol=SAME_LOGIT)


def test_the_log_names_the_weights(
    trained: Path, small_cohort: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    workflow = make_workflow("evaluating", EVALUATE, dataset_dir=str(small_cohort), training_dir=str(trained))
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        workflow.parser.get_parsed_content("checkpoint_path")
    assert f"weights: {trained / 'model.pt'} (trained on: small test cohort)" in caplog.text
