import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from monai.data import Dataset

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import STATE_NAME, ModelCheckpoint
from csfnet_bundle.prediction.data import data_description, datalist_hash
from csfnet_bundle.prediction.evaluation_handler import ORACLE, WriteEvaluation
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, remember_patients

LOGITS = [-2.0, 1.5, -1.0, 2.0, 1.0, -1.5, -0.5, 0.5]
"""Of the test pairs, benign and malignant in turn: the fifth and the sixth are wrong."""

Runs = Callable[[Dataset, list[float]], Callable[[object], None]]


@pytest.fixture
def evaluate(
    network: CSFNet, checkpoint: ModelCheckpoint, seen: Callable[[str], Dataset], engine_with: Runs, small_cohort: Path
) -> Callable[..., dict[str, Any]]:
    def run(folder: Path, cohort: Path = small_cohort, checkpoint_path: str = "model.pt") -> dict[str, Any]:
        data = seen("test")
        handler = WriteEvaluation(network, checkpoint, checkpoint_path, data, cohort, "test", folder)
        engine_with(data, LOGITS)(handler)
        return json.loads((folder / "metrics.json").read_text())

    return run


def test_metrics_table_plots_and_report_agree(
    evaluate: Callable[..., dict[str, Any]], small_cohort: Path, tmp_path: Path
) -> None:
    document = evaluate(tmp_path)
    table = read_predictions(tmp_path / "predictions.csv")
    assert table["logit"].tolist() == LOGITS
    assert table["label"].tolist() == [0, 1] * 4
    np.testing.assert_allclose(table["probability"], 1 / (1 + np.exp(-np.array(LOGITS) / 1.5)))
    assert set(table["threshold"]) == {0.4}
    called = table["probability"] >= 0.4
    assert document["metrics"]["accuracy"]["value"] == pytest.approx((called == (table["label"] == 1)).mean())
    # 16 pairs of one benign and one malignant: those in the right order.
    benign, malignant = (table.loc[table["label"] == label, "logit"].to_numpy() for label in (0, 1))
    assert document["metrics"]["auc"]["value"] == pytest.approx((malignant > benign[:, None]).mean())
    assert document["data"] == "small test cohort, test"
    assert document["phantom"] is True
    assert document["datalist_sha256"] == datalist_hash(small_cohort)
    assert document["weights"] == "model.pt, trained on nothing"
    assert document["decision"] == {"temperature": 1.5, "threshold": 0.4}
    assert document["pairs"] == 8
    told = re.match(
        r"largest weight x keys, mean over 8 pairs: image ([\d.]+), clinical ([\d.]+)\. 1 is flat",
        document["attention_peaks"],
    )
    assert told is not None
    assert float(told[1]) >= 1
    assert float(told[2]) >= 1
    assert "1 is flat" in (tmp_path / "report.html").read_text()
    assert document["references"] == {}  # no truth beside the list
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert {"roc.png", "precision_recall.png", "calibration.png", "decision_curve.png"} <= pictures
    assert "training.png" not in pictures


def test_the_worst_errors_are_shown(evaluate: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    evaluate(tmp_path)
    table = read_predictions(tmp_path / "predictions.csv")
    wrong = (table["probability"] >= 0.4) != (table["label"] == 1)
    report = (tmp_path / "report.html").read_text()
    assert wrong.sum() == 3  # by the checkpoint's threshold of 0.4
    for subject in table.loc[wrong, "subject"]:
        assert subject in report
    assert not any(subject in report for subject in table.loc[~wrong, "subject"])


def test_the_oracle_stands_beside_a_phantom_cohort(
    evaluate: Callable[..., dict[str, Any]], small_cohort: Path, tmp_path: Path
) -> None:
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    shutil.copy(small_cohort / "datalist.json", cohort)
    subjects = [str(100_025 + number) for number in range(8)]
    pd.DataFrame({"subject": subjects, "oracle_all": [0.1, 0.9] * 4}).to_csv(cohort / "truth.csv", index=False)
    reference = evaluate(tmp_path / "with", cohort)["references"][ORACLE]
    assert reference["auc"]["value"] == 1
    assert ORACLE in (tmp_path / "with" / "report.html").read_text()
    header = json.loads((cohort / "datalist.json").read_text())
    (cohort / "datalist.json").write_text(json.dumps({**header, "provenance": {}}))  # no phantom, no oracle
    assert evaluate(tmp_path / "real", cohort)["references"] == {}


def test_the_curves_of_the_training_beside_the_weights_are_drawn(
    evaluate: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    training = tmp_path / "training"
    training.mkdir()
    history = [{"epoch": 1, "training_loss": 0.7, "validation_loss": 0.7, "validation_auc": 0.5}]
    torch.save({"history": history}, training / STATE_NAME)
    evaluate(tmp_path / "out", checkpoint_path=str(training / "model.pt"))
    assert (tmp_path / "out" / "training.png").stat().st_size > 1000


def test_patients_of_the_training_are_judged_only_with_an_override_that_the_result_tells(
    network: CSFNet,
    checkpoint: ModelCheckpoint,
    seen: Callable[[str], Dataset],
    engine_with: Runs,
    small_cohort: Path,
    tmp_path: Path,
) -> None:
    data = seen("test")
    patients = [data.data[0]["subject"], "another"]
    told = [remember_patients(patients, data_description(small_cohort).patients_of)]
    leaking = replace(checkpoint, further={SEEN_PATIENTS: told})
    arguments = (network, leaking, "model.pt", data, small_cohort, "test", tmp_path)
    with pytest.raises(BundleError, match=f"patient {patients[0]}, who is held out in 'test'.*--accept_seen_patients"):
        WriteEvaluation(*arguments)
    engine_with(data, LOGITS)(WriteEvaluation(*arguments, accept_seen_patients=True))
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert document["seen_patients_accepted"].startswith("1 of 8 patients of test were seen in training")
    assert told[0]["hashes"][0] not in (tmp_path / "metrics.json").read_text()
    assert "1 of 8 patients" in (tmp_path / "report.html").read_text()
