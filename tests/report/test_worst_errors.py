import pandas as pd

from csfnet_bundle.report.worst_errors import worst_errors


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
