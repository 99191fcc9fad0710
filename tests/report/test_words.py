import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.report.words import attention_focus, days, decision, growth, meaning, of_hundred, percent, signed


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@given(st.floats(0, 1))
def test_no_probability_is_called_certain(probability):
    assert plain(percent(probability)) not in {"0 %", "100 %"}
    assert of_hundred(probability) not in {"about 0 of 100", "about 100 of 100"}


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.0, "under 1 %"), (0.005, "under 1 %"), (0.724, "72 %"), (0.995, "over 99 %"), (1.0, "over 99 %")],
)
def test_percent(probability, words):
    assert plain(percent(probability)) == words


def test_days_and_signs():
    assert plain(days(1)) == "1 day"
    assert plain(days(208.4)) == "208 days"
    assert plain(days(730.5)) == "730 days (2.0 years)"
    assert signed(-600) == "−600"


def test_an_even_map_is_not_called_a_focus_and_a_focus_is_not_called_evidence(phantom_weights):
    even = "Nearly even (highest 1.2): no focus, no evidence of where anything lies."
    assert attention_focus(1.2, phantom_weights) == even
    assert attention_focus(5.04, phantom_weights) == (
        "Highest cell: 5.0 times the average. Nothing says that training had to select a place, so the map is no "
        "evidence of where anything lies."
    )
    selecting = dataclasses.replace(phantom_weights, attention_selects=True)
    assert attention_focus(5.04, selecting) == "Highest cell: 5.0 times the average. Training had to select a place."


def test_a_probability_at_the_threshold_counts_as_malignant(case):
    at = dataclasses.replace(case, probability=0.41)
    assert decision(at).startswith("At or above")
    assert decision(dataclasses.replace(case, probability=0.4099)).startswith("Below")
    without = dataclasses.replace(case, weights=dataclasses.replace(case.weights, threshold=None))
    assert decision(without) == "No threshold was chosen for these weights."


def test_an_opinion_from_one_scan_is_a_share_and_that_of_a_pair_is_none(case):
    weights = dataclasses.replace(case.weights, phantoms=False, opinion=True, pair_caveat="Not for pairs.")
    pair = dataclasses.replace(case, weights=weights)
    alone = dataclasses.replace(pair, prior=False)
    said = " ".join(meaning(pair))
    assert said.startswith("Not for pairs.")
    assert "is not known" in said
    assert not any(words in said for words in ("of 100", "one scan", "calibration was made"))
    said = plain(" ".join(meaning(alone)))
    assert "radiologists call about 72 of 100 nodules" in said
    assert "an opinion from one scan" in said
    assert "where 52 % of 128 single validation scans were called malignant" in said
    assert "Not for pairs." not in said
    assert "chosen on single validation scans" in decision(pair)
    assert "chosen on validation pairs" in decision(case)


def test_growth_under_two_millimetres_is_within_what_measurements_differ_by(case):
    assert "differ by" not in growth(dataclasses.replace(case, diameter_t1_mm=10.0))
    assert "differ by" in growth(dataclasses.replace(case, diameter_t1_mm=9.9))
