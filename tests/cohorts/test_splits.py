"""Splits by patient."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.cohorts.splits import DEFAULT_SHARES, Patient, split_folds, split_three_ways
from csfnet_bundle.core.errors import BundleError

COHORT = [Patient(f"{100000 + n}", "malignant" if n % 3 == 0 else "benign") for n in range(300)]


def test_each_label_is_split_by_the_shares():
    lists = split_three_ways(COHORT, 0)
    assert [len(lists[name]) for name in ("training", "validation", "test")] == [210, 30, 60]
    malignant = {patient.subject for patient in COHORT if patient.stratum == "malignant"}
    assert [len(lists[name] & malignant) for name in ("training", "validation", "test")] == [70, 10, 20]


@settings(max_examples=50)
@given(st.sets(st.integers(100000, 299999), min_size=40, max_size=80), st.integers(0, 5), st.randoms())
def test_everybody_is_in_one_list_whatever_the_order_of_the_table(subjects, seed, random):
    patients = [Patient(str(subject), "malignant" if number % 2 else "benign") for number, subject in
                enumerate(sorted(subjects))]  # fmt: skip
    lists = split_three_ways(patients, seed)
    assert sum(map(len, lists.values())) == len(patients)
    assert frozenset().union(*lists.values()) == {patient.subject for patient in patients}
    folds = split_folds(patients, seed, 5)
    assert sorted(subject for fold in folds for subject in fold) == sorted(patient.subject for patient in patients)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    random.shuffle(patients)
    assert split_three_ways(patients, seed) == lists
    assert split_folds(patients, seed, 5) == folds


def test_a_split_stays_what_it_is():
    # Two people with one table must get one cohort, whatever versions they have: these are golden values.
    patients = [Patient(f"10000{n}", "benign") for n in range(10)]
    assert sorted(split_three_ways(patients, 0)["test"]) == ["100000", "100002"]
    assert sorted(split_three_ways(patients, 1)["test"]) != ["100000", "100002"]


def test_most_patients_keep_their_place_when_others_are_left_out():
    fewer = [patient for patient in COHORT if patient.subject != "100000"]
    before, after = split_three_ways(COHORT, 0), split_three_ways(fewer, 0)
    moved = sum(len(before[name] - after[name] - {"100000"}) for name in before)
    assert moved <= 3


def test_folds_are_stratified():
    malignant = {patient.subject for patient in COHORT if patient.stratum == "malignant"}
    assert [len(malignant & set(fold)) for fold in split_folds(COHORT, 0, 5)] == [20] * 5


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.7, 0.1, 0.3), (1.2, -0.2, 0.0)])
def test_bad_shares(shares):
    with pytest.raises(BundleError, match="shares"):
        split_three_ways(COHORT, 0, shares)


def test_too_few_patients():
    with pytest.raises(BundleError, match="too few for one in each list"):
        split_three_ways([Patient("a", "benign"), Patient("b", "benign")], 0, DEFAULT_SHARES)
    with pytest.raises(BundleError, match="too few for 5 folds"):
        split_folds(COHORT[:4], 0, 5)
    with pytest.raises(BundleError, match="at least 2"):
        split_folds(COHORT, 0, 1)
    assert split_three_ways([Patient("a", "benign")], 0, (0.0, 0.0, 1.0))["test"] == {"a"}


@given(st.integers(3, 200), st.integers(0, 100), st.integers(0, 100))
def test_lists_have_their_shares_to_the_patient(count, first, second):
    first, second = sorted((first, second))
    shares = (first / 100, (second - first) / 100, 1 - second / 100)
    patients = [Patient(f"{100000 + number}", "benign") for number in range(count)]
    for share, members in zip(shares, split_three_ways(patients, 0, shares).values(), strict=True):
        assert (len(members) == 0) == (share == 0)
        assert abs(len(members) - count * share) < 2
