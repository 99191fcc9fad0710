from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.prediction_rows import write_prediction_rows
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions, write_predictions

DECISION = Decision(temperature=1.5, threshold=0.4)


def test_it_is_the_table_that_pandas_writes(tmp_path: Path) -> None:
    rows = [
        {"subject": "007", "nodule": "1", "logit": -1.25, "label": None, "kernel": "=x", "findings": 'a, "b"\nc'},
        {"subject": "008", "nodule": "a", "logit": 0.1 + 0.2, "label": 1, "kernel": None, "findings": ""},
    ]
    write_prediction_rows(tmp_path / "rows.csv", rows, DECISION)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    table = prediction_table(
        columns["subject"],  # type: ignore[arg-type]
        columns["nodule"],  # type: ignore[arg-type]
        columns["logit"],  # type: ignore[arg-type]
        columns["label"],  # type: ignore[arg-type]
        temperature=1.5,
        threshold=0.4,
        extra={name: columns[name] for name in ("kernel", "findings")},
    )
    write_predictions(table, tmp_path / "table.csv")
    written, expected = (read_predictions(tmp_path / f"{name}.csv", labelled=False) for name in ("rows", "table"))
    assert list(written.columns) == list(expected.columns)
    assert written.astype(str).to_dict("records") == expected.astype(str).to_dict("records")
    assert written["probability"].tolist() == expected["probability"].tolist()


def test_what_cannot_be_read_again_is_not_written(tmp_path: Path) -> None:
    row: dict[str, object] = {"subject": "7", "nodule": "1", "logit": 1.0, "label": None}
    for rows, words in (
        ([], "has no row"),
        ([{**row, "logit": float("nan")}], "logit is nan"),
        ([row, row], "7/1: stands twice"),
    ):
        with pytest.raises(BundleError, match=words):
            write_prediction_rows(tmp_path / "rows.csv", rows, DECISION)
    assert not list(tmp_path.iterdir())
