"""The Brock model against figures that others published of it."""

import math

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.brock import ATTENUATION, NODULE_INPUTS, brock_log_odds, missing_inputs
from csfnet_bundle.records import FollowUpPair, Scan

NOTHING = {
    "family_history": False,
    "emphysema": False,
    "diameter_mm": 10.0,
    "attenuation": "solid",
    "upper_lobe": False,
    "nodule_count": 0,
    "spiculation": False,
}

UTHOFF_INTERCEPT = 0.2761
UTHOFF_COEFFICIENTS = {
    "family_history": 0.2961,
    "emphysema": 0.2953,
    "upper_lobe": 0.6581,
    "spiculation": 0.7729,
}
"""Brock model as Uthoff et al. print it (2019, European Radiology 29:5367, table 2): the same model, its centred
variables multiplied out into one intercept; the size is (diameter in mm / 10) to the power of -0.5, times -5.3854."""
FOUR_DIGITS = 2e-4
AGE, AGE_PER_YEAR = 60, 0.0287
"""Years, and their coefficient: the printed intercept is that of age 0, which no patient has."""


def _pair(age: float = AGE, gender: int = 1, **strata: object) -> FollowUpPair:
    scan = Scan("scan", Point((0.0, 0.0, 0.0), Space.LPS))
    return FollowUpPair("1", "1", scan, clinical={"age": age, "gender": gender}, strata={**NOTHING, **strata})


def test_the_intercept_is_the_published_one() -> None:
    assert brock_log_odds(_pair()) - AGE * AGE_PER_YEAR + 5.3854 == pytest.approx(UTHOFF_INTERCEPT, abs=FOUR_DIGITS)


def test_each_term_is_the_published_one() -> None:
    base = brock_log_odds(_pair())
    for name, coefficient in UTHOFF_COEFFICIENTS.items():
        assert brock_log_odds(_pair(**{name: True})) - base == pytest.approx(coefficient, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(gender=2)) - base == pytest.approx(0.6011, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(age=AGE + 10)) - base == pytest.approx(0.287, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(nodule_count=10)) - base == pytest.approx(-0.824, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(attenuation="part-solid")) - base == pytest.approx(0.377, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(attenuation="ground-glass")) - base == pytest.approx(-0.1276, abs=FOUR_DIGITS)
    assert brock_log_odds(_pair(diameter_mm=40.0)) - base == pytest.approx(5.3854 / 2, abs=FOUR_DIGITS)


def test_a_small_solid_nodule_is_hardly_ever_malignant() -> None:
    probability = 1 / (1 + math.exp(-brock_log_odds(_pair(age=62, diameter_mm=4.0, nodule_count=4))))
    assert probability == pytest.approx(1 / (1 + math.exp(6.7892)), abs=1e-6)


def test_what_is_missing_is_named() -> None:
    lacking = FollowUpPair("1", "1", _pair().t1, clinical={"age": 60}, strata={"diameter_mm": 8.0})
    assert missing_inputs([_pair(), lacking]) == ("gender", *(name for name in NODULE_INPUTS if name != "diameter_mm"))
    with pytest.raises(BundleError, match=r"1/1.*no gender, family_history"):
        brock_log_odds(lacking)


@pytest.mark.parametrize(
    ("strata", "expected"),
    [
        ({"attenuation": "calcified"}, f"attenuation is 'calcified', expected {', '.join(ATTENUATION)}"),
        ({"emphysema": "false"}, "emphysema is 'false', expected true or false"),
        ({"diameter_mm": 0}, "diameter_mm is 0, expected a number of mm above 0"),
        ({"nodule_count": "many"}, "nodule_count is 'many', expected a number"),
    ],
)
def test_a_value_that_the_model_does_not_know_is_refused(strata: dict[str, object], expected: str) -> None:
    with pytest.raises(BundleError, match=f"pair 1/1: {expected}"):
        brock_log_odds(_pair(**strata))


def test_codes_as_text_count_as_numbers() -> None:
    text = FollowUpPair("1", "1", _pair().t1, clinical={"age": "60", "gender": "2"}, strata=NOTHING)
    assert brock_log_odds(text) == brock_log_odds(_pair(age=60, gender=2))
    assert missing_inputs([FollowUpPair("1", "1", text.t1, clinical={"age": ".M", "gender": 1}, strata=NOTHING)]) == (
        "age",
    )
