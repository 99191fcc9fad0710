"""What is added to a prediction leaves its answer alone."""

from pathlib import Path

import pytest

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.prediction import clicks
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.detailed_predictor import DetailedPredictor
from csfnet_bundle.prediction.input_checks import NOT_DESCRIBED
from csfnet_bundle.records import FollowUpPair, load_datalist


@pytest.fixture
def predictor(checkpoint: ModelCheckpoint) -> DetailedPredictor:
    return DetailedPredictor(checkpoint, "cpu")


@pytest.fixture
def pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("test")[1]


def test_the_band_holds_the_answer_and_a_wide_one_is_told_first(
    predictor: DetailedPredictor, pair: FollowUpPair, small_cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = predictor.predict_pair(pair, small_cohort)
    banded = predictor.with_band(made, small_cohort)
    assert banded.band is not None
    assert banded.band[0] <= made.probability <= banded.band[1]
    assert banded.band[0] < banded.band[1]
    assert banded.findings == made.findings
    monkeypatch.setattr(clicks, "LARGEST_SPAN", 0.0)
    told = predictor.with_band(made, small_cohort).findings
    assert told[0].startswith(f"{CHECK_POINT}: the click matters")
    assert told[1:] == made.findings


@pytest.mark.usefixtures("quick_measuring")
def test_a_checked_pair_is_measured_and_what_speaks_against_it_told(
    predictor: DetailedPredictor, pair: FollowUpPair, small_cohort: Path
) -> None:
    made = predictor.predict_pair(pair, small_cohort)
    measured = predictor.with_measurements(made, small_cohort)
    assert made.measured is None
    assert measured.measured is not None
    assert measured.logits == made.logits
    assert NOT_DESCRIBED in predictor.check_pair(pair, small_cohort)
