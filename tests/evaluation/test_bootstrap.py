import numpy as np
import pytest

from csfnet_bundle.evaluation import bootstrap
from csfnet_bundle.evaluation.bootstrap import PatientResamples, percentile_interval


def all_weights(draws: PatientResamples) -> np.ndarray:
    return np.concatenate(list(draws.weights()))


def test_patients_are_drawn_whole_and_as_many_as_there_are():
    subjects = ["b", "a", "b", "c", "a", "b"]
    weights = all_weights(PatientResamples.of(subjects, 500, seed=1))
    assert weights.shape == (500, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(6), abs=0.15)


def test_seed_decides_and_chunks_do_not_change_the_number(monkeypatch):
    subjects = [str(number) for number in range(20)]
    first = all_weights(PatientResamples.of(subjects, 100, seed=1))
    np.testing.assert_array_equal(first, all_weights(PatientResamples.of(subjects, 100, seed=1)))
    assert (first != all_weights(PatientResamples.of(subjects, 100, seed=2))).any()
    monkeypatch.setattr(bootstrap, "CHUNK_ELEMENTS", 130)
    np.testing.assert_array_equal(first, all_weights(PatientResamples.of(subjects, 100, seed=1)))


def test_interval_leaves_out_what_is_undefined():
    values = np.append(np.arange(101.0), np.nan)
    assert percentile_interval(values) == pytest.approx((2.5, 97.5))
    assert np.isnan(percentile_interval(np.array([1.0, np.nan]))).all()


def test_resamples_that_are_all_equal_have_no_interval():
    assert np.isnan(percentile_interval(np.full(2000, 0.5))).all()
    assert np.isnan(percentile_interval(np.append(np.full(2000, 0.1 + 0.2), 0.3))).all()  # one number, rounded twice
