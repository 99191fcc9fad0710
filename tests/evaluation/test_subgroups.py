import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.metrics import evaluate
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.evaluation.subgroups import metrics_by_subgroup

DECISION = Decision(1.0, 0.5)


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 60)
    return prediction_table(
        [f"{row:03d}" for row in range(60)],
        ["1"] * 60,
        2 * labels - 1 + generator.normal(size=60),
        labels,
        extra={
            "scanner": ["A"] * 30 + ["B"] * 20 + [None] * 10,
            "diameter_mm": [4.0, 6.0, 7.9, 8.0, 14.0, 15.0] * 9 + [None] * 6,
        },
    )


def test_levels_are_judged_on_their_rows_alone(table):
    result = metrics_by_subgroup(table, ["scanner"], DECISION, resamples=100).set_index("level")
    assert list(result.index) == ["A", "B", "missing"]
    assert result["pairs"].tolist() == [30, 20, 10]
    alone = evaluate(table.iloc[:30], DECISION, resamples=100)["auc"]
    assert result.loc["A", ["auc", "auc_lower", "auc_upper"]].tolist() == [alone.value, alone.lower, alone.upper]


def test_measured_stratum_is_cut_with_the_lower_edge_inside(table):
    result = metrics_by_subgroup(table, ["diameter_mm"], DECISION, resamples=20)
    assert result["level"].tolist() == ["below 6", "6 to 8", "8 to 15", "15 and above", "missing"]
    assert result["pairs"].tolist() == [9, 18, 18, 9, 6]
    assert result["malignant"].sum() == table["label"].sum()


def test_level_of_one_class_is_undefined_not_dropped(table):
    malignant = table.assign(kernel=np.where(table["label"] == 1, "B70f", "B30f"))
    result = metrics_by_subgroup(malignant, ["kernel"], DECISION, resamples=20)
    assert len(result) == 2
    assert result["auc"].isna().all()


def test_unknown_stratum_and_identifiers_are_refused(table):
    with pytest.raises(BundleError, match="no column 'sex'"):
        metrics_by_subgroup(table, ["sex"], DECISION)
    with pytest.raises(BundleError, match="subject has 60 levels"):
        metrics_by_subgroup(table, ["subject"], DECISION)
