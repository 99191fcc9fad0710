"""Splits: by patient, the same for all, the datalist's own where it has them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import READS, Datalist, load_datalist
from csfnet_bundle.studies.benchmark.splits import check_both_labels, labelled_pairs, make_splits, write_split


@pytest.fixture(scope="module")
def datalist(small_cohort: Path) -> Datalist:
    return load_datalist(small_cohort)


@pytest.mark.parametrize("folds", [2, 5])
def test_every_patient_is_held_out_once_and_is_in_one_part(datalist: Datalist, folds: int) -> None:
    splits = make_splits(datalist, folds)
    everybody = sorted(pair.name for pair in labelled_pairs(datalist))
    assert sorted(pair.name for split in splits for pair in split.test) == everybody
    for split in splits:
        parts = [{pair.subject for pair in part} for part in (split.training, split.validation, split.test)]
        assert sum(map(len, parts)) == len(set().union(*parts)) == len(everybody)
        assert all({pair.label for pair in part} == {0, 1} for part in (split.training, split.validation, split.test))
    assert make_splits(datalist, folds) == splits


def test_one_fold_is_the_datalists_own_split(datalist: Datalist) -> None:
    (split,) = make_splits(datalist, 1)
    assert split.test == datalist.sections["test"]


def test_the_datalists_own_folds_are_held_out(datalist: Datalist) -> None:
    subjects = [pair.subject for pair in labelled_pairs(datalist)]
    own = replace(datalist, header={**datalist.header, "folds": [subjects[:16], subjects[16:]]})
    first, second = make_splits(own, 2)
    assert {pair.subject for pair in first.test} == set(subjects[:16])
    assert {pair.subject for pair in second.test} == set(subjects[16:])
    short = replace(datalist, header={"folds": [subjects[:16], subjects[16:-1]]})
    with pytest.raises(BundleError, match=f"patient {subjects[-1]} is in none"):
        make_splits(short, 2)
    double = replace(datalist, header={"folds": [subjects[:16], [*subjects[15:]]]})
    with pytest.raises(BundleError, match=f"patient {subjects[15]} is in 2 of the datalist's 2 folds"):
        make_splits(double, 2)


def test_test_pairs_of_one_label_are_told_before_anything_is_trained(datalist: Datalist) -> None:
    splits = make_splits(datalist, 2)
    check_both_labels(splits, "cohort")
    benign = [replace(split, test=tuple(pair for pair in split.test if pair.label == 0)) for split in splits]
    with pytest.raises(BundleError, match="cohort: all test pairs have the label 0, expected 0 and 1"):
        check_both_labels(benign, "cohort")


def test_a_written_split_leads_to_the_same_scans(datalist: Datalist, tmp_path: Path) -> None:
    split = make_splits(datalist, 2)[1]
    write_split(tmp_path / "a" / "fold1", datalist, split)
    written = load_datalist(tmp_path / "a" / "fold1")
    for before, after in zip(split.training, written.section("training"), strict=True):
        assert (written.folder / after.t1.path).resolve() == (datalist.folder / before.t1.path).resolve()
        assert replace(after, t0=before.t0, t1=before.t1) == before


def test_permuted_labels_keep_each_sections_prevalence(datalist: Datalist, tmp_path: Path) -> None:
    split = make_splits(datalist, 2)[0]
    for permutation in (0, 1, 2):
        write_split(tmp_path / str(permutation), datalist, split, permutation=permutation)
    labels = [
        {
            name: [pair.label for pair in load_datalist(tmp_path / str(number)).section(name)]
            for name in ("training", "test")
        }
        for number in (0, 1, 2)
    ]
    assert labels[0] != labels[1] != labels[2]
    assert all(sum(one[name]) == sum(labels[0][name]) for one in labels for name in one)


def test_reads_can_be_left_out(datalist: Datalist, tmp_path: Path) -> None:
    with_reads = {
        name: tuple(replace(pair, clinical={**pair.clinical, "scr_res0": 4, "scr_iso0": 1}) for pair in pairs)
        for name, pairs in datalist.sections.items()
    }
    rich = replace(datalist, sections=with_reads)
    write_split(tmp_path, rich, make_splits(rich, 1)[0], without_reads=True)
    text = json.loads((tmp_path / "datalist.json").read_text())
    assert not any(read in pair["clinical"] for pair in text["training"] for read in READS)
    assert all("age" in pair["clinical"] for pair in text["training"])
