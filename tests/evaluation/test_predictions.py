import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions, write_predictions


@pytest.fixture
def table() -> pd.DataFrame:
    return prediction_table(
        ["000123", "000123", "100001"],
        ["1", "NA", "1"],
        [0.1, -30.0, 1 / 3],
        [1, 0, 0],
        temperature=1.7,
        threshold=0.4,
        extra={"interval_days": [365.0, None, 401.0], "scanner": ["A", "B", ""]},
    )


def test_table_comes_back_from_csv_to_the_last_digit(table, tmp_path):
    write_predictions(table, tmp_path / "deep" / "predictions.csv")
    back = read_predictions(tmp_path / "deep" / "predictions.csv")
    assert back["subject"].tolist() == ["000123", "000123", "100001"]  # leading zeros are part of an identifier
    assert back["nodule"].tolist() == ["1", "NA", "1"]
    assert back["interval_days"].isna().tolist() == [False, True, False]
    assert back["interval_days"].dtype == np.float64
    for name in ("probability", "logit", "temperature", "threshold"):
        np.testing.assert_array_equal(back[name], table[name])
    assert back["label"].tolist() == [1, 0, 0]


def test_unlabelled_rows_can_be_written_but_not_judged(tmp_path):
    write_predictions(prediction_table(["a"], ["1"], [0.2]), tmp_path / "p.csv")
    assert read_predictions(tmp_path / "p.csv", labelled=False)["label"].isna().all()
    with pytest.raises(BundleError, match=r"row 1 \(a/1\): label is .*expected 0 \(benign\) or 1 \(malignant\)"):
        read_predictions(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("label", 2, r"row 2 \(000123/NA\): label is 2, expected 0"),
        ("label", "malignant", "label is 'malignant'"),
        ("probability", 1.2, "probability is 1.2, expected a number from 0 to 1"),
        ("probability", "high", "probability is 'high'"),
        ("probability", 0.25, "probability is 0.25, expected that of the row's logit and temperature"),
        ("temperature", -1.5, "temperature is -1.5, expected a positive number"),
        ("logit", np.inf, "logit is inf, expected a finite number"),
        ("threshold", -0.1, "threshold is -0.1"),
        ("nodule", "1", r"row 2 \(000123/1\): nodule is '1', expected one row for each nodule"),
    ],
)
def test_wrong_value_is_refused_with_its_row(table, tmp_path, column, value, words):
    table[column] = table[column].astype(object)
    table.loc[1, column] = value
    table.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(BundleError, match=words):
        read_predictions(tmp_path / "p.csv")
    with pytest.raises(BundleError, match=words):
        write_predictions(table, tmp_path / "q.csv")
    assert not (tmp_path / "q.csv").exists()


def test_missing_column_empty_table_and_missing_file_are_refused(table, tmp_path):
    with pytest.raises(BundleError, match="no column logit"):
        write_predictions(table.drop(columns="logit"), tmp_path / "p.csv")
    with pytest.raises(BundleError, match="has no row"):
        write_predictions(table.iloc[:0], tmp_path / "p.csv")
    with pytest.raises(BundleError, match="there is no predictions table"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BundleError, match="not a CSV table"):
        read_predictions(tmp_path / "empty.csv")
