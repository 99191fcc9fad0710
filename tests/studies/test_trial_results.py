"""Results of a trial: begun, kept after a fit, taken up by the same settings, rejected by others."""

from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.trial_results import (
    RESULTS_NAME,
    TABLE_NAME,
    begin_or_resume,
    check_seeds,
    has_fit,
    keep_results,
)


def test_a_trial_goes_on_where_it_stopped(tmp_path: Path) -> None:
    document = begin_or_resume(tmp_path, training=8, epochs=2)
    assert document["fits"] == []
    document["fits"].append({"system": "csfnet", "seed": 1, "auc": 0.9})
    keep_results(tmp_path, document, "| table |")
    assert begin_or_resume(tmp_path, training=8, epochs=2) == document
    assert has_fit(document, system="csfnet", seed=1)
    assert not has_fit(document, system="csfnet", seed=0)
    assert (tmp_path / TABLE_NAME).read_text() == "| table |"


def test_numbers_that_train_nothing_are_rejected(tmp_path: Path) -> None:
    for name, value in (("epochs", 0), ("training", -1), ("learning_rate", -0.1)):
        with pytest.raises(BundleError, match=f"--{name}: is {value}, expected a number above 0"):
            begin_or_resume(tmp_path, **{name: value})
    with pytest.raises(BundleError, match="--seeds: is 0, expected 1 or more"):
        check_seeds(0)
    check_seeds(1)
    with pytest.raises(ValueError, match="JSON compliant"):
        keep_results(tmp_path, {"oracle": float("nan")}, "")
    assert not list(tmp_path.iterdir())


def test_other_settings_are_rejected(tmp_path: Path) -> None:
    keep_results(tmp_path, begin_or_resume(tmp_path, training=8, epochs=2), "")
    before = (tmp_path / RESULTS_NAME).read_bytes()
    with pytest.raises(BundleError, match=r"holds a trial with other settings: epochs \(2 -> 3\)"):
        begin_or_resume(tmp_path, training=8, epochs=3)
    assert (tmp_path / RESULTS_NAME).read_bytes() == before
