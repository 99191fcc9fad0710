"""The files of a finished benchmark."""

import json
from pathlib import Path

import pandas as pd
import pytest

from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.studies.benchmark import writing
from csfnet_bundle.studies.benchmark.fitting import TEST
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.results import make_results
from csfnet_bundle.studies.benchmark.running import Predictions
from csfnet_bundle.studies.benchmark.writing import RESULTS_NAME, TABLES_NAME, common_log_odds, write_benchmark

PNG = b"\x89PNG\r\n\x1a\n"


def test_predictions_tables_and_plots_lie_beside_the_results(
    protocol: Protocol, predictions: Predictions, tmp_path: Path
) -> None:
    document = make_results(protocol, predictions, "command", resamples=20)
    path = write_benchmark(tmp_path, document, predictions)
    assert json.loads(path.read_text()) == document
    names = {file.stem for file in (tmp_path / "predictions").glob("*.csv")}
    assert len(names) == len(predictions.systems)
    assert {"csfnet", "t1_image", "clinical_logistic_"} <= names
    kept = pd.read_csv(tmp_path / "predictions" / "csfnet.csv", dtype={"subject": str, "nodule": str})
    assert len(kept) == len(predictions.systems["csfnet"].parts[TEST])
    fits = tmp_path / "predictions" / "fits"
    assert {folder.name for folder in (fits / "csfnet").iterdir()} >= {"fold0_seed0", "fold1_seed1"}
    one = read_predictions(fits / "csfnet" / "fold0_seed0" / "validation.csv")
    assert one.equals(predictions.fits[Fit("csfnet", 0, 0)]["validation"])
    assert all(file.read_bytes().startswith(PNG) for file in tmp_path.glob("*.png"))
    assert len(list(tmp_path.glob("*.png"))) == 5
    assert "clinical (logistic)" in (tmp_path / TABLES_NAME).read_text()


def test_a_writing_that_breaks_off_leaves_no_results_of_before(
    protocol: Protocol, predictions: Predictions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / RESULTS_NAME).write_text("{}")

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(writing, "save_figure", full)
    document = make_results(protocol, predictions, "command", resamples=20)
    with pytest.raises(OSError, match="no space"):
        write_benchmark(tmp_path, document, predictions)
    assert not (tmp_path / RESULTS_NAME).exists()


def test_what_every_fit_says_of_the_common_set_is_one_table(predictions: Predictions) -> None:
    fits = {fit: parts["validation"] for fit, parts in predictions.fits.items() if fit.fold == 0}
    table = common_log_odds(fits)
    assert list(table.columns) == ["label", *(fit.name for fit in fits)]
    for fit, part in fits.items():
        assert table.loc[part["subject"].iloc[-1], fit.name] == part["logit"].iloc[-1] / part["temperature"].iloc[-1]
        assert table["label"].tolist() == part["label"].tolist()
    assert common_log_odds({}).empty
