import json

import numpy as np
import pytest
from helpers.trained_domain import strict_domain

from csfnet_bundle.core.alarm import is_alarm
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.roi_statistics import OF_ONE, STATISTICS, scan_statistics
from csfnet_bundle.inputs.training_domain import FLAGGED_SHARE, TrainingDomain, fit_domain, fit_scan_domain

COUNT = len(STATISTICS)


@pytest.fixture(scope="module")
def domain() -> TrainingDomain:
    random = np.random.default_rng(0)
    return fit_domain(random.normal(size=(200, COUNT)), random.normal(size=(100, COUNT)), [4.0, 22.0, 9.0])


def test_at_most_five_in_a_hundred_validation_pairs_are_called_unlike(domain: TrainingDomain) -> None:
    assert domain.validation_flagged <= FLAGGED_SHARE * domain.validation_pairs
    assert domain.validation_flagged > 0
    far = domain.scores(np.full((1, COUNT), 5.0))
    assert far[0] > domain.limit


def test_phantoms_are_named_as_the_reason_without_loss_of_the_alarm() -> None:
    odd = np.full((2, 8, 16, 16), 500.0, np.float32)
    (plain,) = strict_domain().unlike_findings(odd, (1, 1, 1))
    (told,) = strict_domain().unlike_findings(odd, (1, 1, 1), phantoms=True)
    assert is_alarm(told)
    assert told.startswith(plain)
    assert told.endswith("These were computer-made phantoms: a real scan is expected to be unlike them.")


def test_sizes_on_the_border_were_trained_on(domain: TrainingDomain) -> None:
    assert domain.size_finding("t1", 4.0) is None
    assert domain.size_finding("t1", 22.0) is None
    for size in (3.9, 22.1):
        finding = str(domain.size_finding("t1", size))
        assert is_alarm(finding)
        assert "trained on nodules of 4.0 to 22.0 mm" in finding


def test_unknown_sizes_are_not_judged(domain: TrainingDomain) -> None:
    random = np.random.default_rng(1)
    bare = fit_domain(random.normal(size=(60, COUNT)), random.normal(size=(20, COUNT)), [])
    assert bare.size_finding("t1", 500.0) is None


def test_it_is_the_same_after_a_round_trip_through_json(domain: TrainingDomain) -> None:
    again = TrainingDomain.from_plain(json.loads(json.dumps(domain.to_plain())))
    rows = np.random.default_rng(2).normal(size=(5, COUNT))
    np.testing.assert_allclose(again.scores(rows), domain.scores(rows), rtol=1e-4)
    roi = np.random.default_rng(3).normal(-800, 100, (2, 16, 32, 32)).astype(np.float32)
    assert again.distances(roi, (1, 1, 1)) == pytest.approx(domain.distances(roi, (1, 1, 1)), rel=1e-4)


@pytest.mark.parametrize("change", [{"statistics": ["other"]}, {"center": [1.0]}, {"limit": "high"}, {"precision": 3}])
def test_a_description_that_does_not_fit_is_rejected(domain: TrainingDomain, change: dict[str, object]) -> None:
    with pytest.raises(BundleError, match=r"trained_domain.*describe-model"):
        TrainingDomain.from_plain({**domain.to_plain(), **change})


def test_too_few_pairs_describe_nothing() -> None:
    with pytest.raises(BundleError, match="too few to describe"):
        fit_domain(np.zeros((COUNT, COUNT)), np.zeros((3, COUNT)), [])


def test_the_limit_of_single_scans_comes_from_scans_that_gave_no_mean() -> None:
    random = np.random.default_rng(4)
    scans = random.normal(size=(120, len(OF_ONE)))
    rows = np.arange(120)
    folds = [(rows[rows % 2 != half], rows[rows % 2 == half]) for half in (0, 1)]
    found = fit_scan_domain(scans, folds, [3.0, 30.0])
    assert (found.training_pairs, found.validation_pairs) == (120, 120)
    assert 0 < found.validation_flagged <= FLAGGED_SHARE * 120
    assert (found.scores(scans) > found.limit).sum() < found.validation_flagged  # they gave the mean
    scans[folds[0][1]] += 20  # a fold's validation scans are far from its training scans
    assert fit_scan_domain(scans, folds[:1], []).limit > 5 * found.limit


def test_single_scans_judge_each_scan_of_a_pair_by_itself() -> None:
    random = np.random.default_rng(5)
    lungs = random.normal(-800, 100, (40, 8, 16, 16)).astype(np.float32)
    rows = np.arange(40)
    statistics = np.array([scan_statistics(roi, (1, 1, 1)) for roi in lungs])
    domain = fit_scan_domain(statistics, [(rows[:20], rows[20:])], [])
    domain = TrainingDomain.from_plain(json.loads(json.dumps(domain.to_plain())))
    wall = np.full((8, 16, 16), 50.0, np.float32)
    assert domain.unlike_findings(lungs[:2], (1, 1, 1)) == ()
    for pair, named in (((wall, lungs[0]), "t0"), ((lungs[0], wall), "t1"), ((wall, wall), "t1")):
        (told,) = domain.unlike_findings(np.stack(pair), (1, 1, 1))
        assert told.startswith(f"{named}: ")
        assert is_alarm(told)
        assert "of the validation scans" in told
    assert set(domain.distances(lungs[:2], (1, 1, 1))) == {"t0", "t1"}
