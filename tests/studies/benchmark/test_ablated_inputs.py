from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.studies.benchmark.ablated_inputs import permute_clinical, permute_labels


def pair(subject: str, nodule: str = "1", label: int | None = 0) -> FollowUpPair:
    point = Point((1.0, 2.0, 3.0), Space.LPS)
    scans = [Scan(f"{subject}/{name}", point, date=date) for name, date in (("t0", "19990102"), ("t1", "20000102"))]
    return FollowUpPair(subject, nodule, t0=scans[0], t1=scans[1], label=label, clinical={"age": int(subject)})


COHORTS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1)), min_size=2, max_size=15).map(
    lambda sizes: [
        pair(str(100 + number), str(nodule), label)
        for number, (size, label) in enumerate(sizes)
        for nodule in range(size)
    ]
)


@given(COHORTS, st.integers(0, 100))
def test_every_patient_gets_the_values_of_another_and_nothing_else_changes(pairs, seed):
    permuted = permute_clinical(pairs, seed)
    donors = {}
    for before, after in zip(pairs, permuted, strict=True):
        assert replace(after, clinical={}) == replace(before, clinical={})
        assert donors.setdefault(after.subject, after.clinical["age"]) == after.clinical["age"]
        assert after.clinical["age"] != int(after.subject)
    assert sorted(donors.values()) == sorted(int(subject) for subject in donors)
    assert permuted == permute_clinical(pairs, seed)


def test_seed_decides_who_gets_whose():
    pairs = [pair(str(number)) for number in range(20)]
    assert permute_clinical(pairs, 0) != permute_clinical(pairs, 1)


@given(COHORTS, st.integers(0, 100))
def test_labels_are_dealt_anew_by_patient(pairs, seed):
    permuted = permute_labels(pairs, seed)
    assert Counter(pair.label for pair in permuted) == Counter(pair.label for pair in pairs)
    for before, after in zip(pairs, permuted, strict=True):
        assert replace(after, label=None) == replace(before, label=None)
    for subject in {pair.subject for pair in pairs}:
        assert len({pair.label for pair in permuted if pair.subject == subject}) == 1


def test_labels_do_change():
    pairs = [pair(str(number), label=number % 2) for number in range(40)]
    agreement = sum(a.label == b.label for a, b in zip(pairs, permute_labels(pairs, 0), strict=True))
    assert 10 <= agreement <= 30


def test_what_cannot_be_spoilt_is_refused_by_name():
    with pytest.raises(BundleError, match="1 patient has nobody"):
        permute_clinical([pair("7"), pair("7", "2")], 0)
    with pytest.raises(BundleError, match="7/1: the pair has no label"):
        permute_labels([pair("7", label=None)], 0)
