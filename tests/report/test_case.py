from datetime import date

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.doubling_time import volume_doubling_time
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.report import Case

POINT = Point((0, 0, 0), Space.LPS)


def pair(**changes):
    values = {
        "subject": "100012",
        "nodule": "2",
        "t0": Scan("t0", POINT, date="19990102"),
        "t1": Scan("t1", POINT, date="20000102"),
        "label": 1,
        "clinical": {"race": 1, "age": 61},
        "strata": {"diameter_t0_mm": 8.0, "diameter_t1_mm": "10.5"},
    }
    return FollowUpPair(**(values | changes))


def test_a_case_is_made_of_a_datalist_record(phantom_weights):
    case = Case.from_pair(pair(), probability=0.5, weights=phantom_weights, findings=("t0: seen",))
    assert case.name == "100012/2"
    assert case.interval_days == 365  # from the dates
    assert (case.date_t0, case.date_t1) == (date(1999, 1, 2), date(2000, 1, 2))
    assert (case.diameter_t0_mm, case.diameter_t1_mm) == (8.0, 10.5)
    assert case.doubling_time_days == pytest.approx(volume_doubling_time(8, 10.5, 365))
    assert len(case.clinical) == 2
    assert len(case.missing) == 4
    assert "White" in case.clinical.values()
    assert case.above_threshold is True


def test_a_record_without_prior_or_dates_keeps_them_unknown(phantom_weights):
    case = Case.from_pair(pair(t0=None, strata={}), probability=0.2, weights=phantom_weights)
    assert not case.prior
    assert case.interval_days is None
    assert case.doubling_time_days is None
    assert case.above_threshold is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strata": {"diameter_t0_mm": "large"}}, "100012/2, strata: diameter_t0_mm is 'large', expected mm"),
        ({"strata": {"diameter_t1_mm": -3}}, "diameter_t1_mm is -3.0, expected a positive number"),
        ({"clinical": {"race": 77}}, "race"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(phantom_weights, changes, message):
    with pytest.raises(BundleError, match=message):
        Case.from_pair(pair(**changes), probability=0.5, weights=phantom_weights)


def test_a_probability_outside_zero_to_one_is_refused(phantom_weights):
    with pytest.raises(BundleError, match=r"100012/2: probability is 1\.2"):
        Case.from_pair(pair(), probability=1.2, weights=phantom_weights)
