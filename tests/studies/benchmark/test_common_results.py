"""What the common test set was asked for."""

import pytest

from csfnet_bundle.studies.benchmark.common_results import ORACLE, SIMPLE, WITHOUT_CLINICAL, aims

COMMON = {
    "systems": {
        "csfnet": {"auc": 0.93, "difference": None, "difference_lower": None},
        ORACLE: {"auc": 0.95, "difference": -0.02, "difference_lower": -0.025},
        WITHOUT_CLINICAL: {"auc": 0.93, "difference": 0.0, "difference_lower": -0.01},
        SIMPLE: {"auc": 0.91, "difference": 0.02, "difference_lower": 0.013},
    },
    "permuted": {"csfnet": {"difference": 0.005}},
}


def test_each_aim_says_what_was_measured_and_whether_it_is_reached() -> None:
    behind, ahead, used = aims(COMMON, "csfnet")
    assert behind == ("oracle: all - csfnet", "<= .025", 0.02, True)
    assert ahead == ("csfnet - simple reference, all inputs", "interval above 0", 0.02, True)
    assert used[2:] == (pytest.approx(0.25), False)


def test_an_aim_without_its_rows_is_left_out() -> None:
    rows = {name: row for name, row in COMMON["systems"].items() if name != SIMPLE}
    rows[WITHOUT_CLINICAL] = rows[ORACLE]
    assert [name for name, *_ in aims({**COMMON, "systems": rows}, "csfnet")] == ["oracle: all - csfnet"]
