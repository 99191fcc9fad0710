import hashlib
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.data import data_description, datalist_hash, datalist_items
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist, save_datalist


def test_items_are_the_sections_pairs(small_cohort: Path) -> None:
    for section, pairs in load_datalist(small_cohort).sections.items():
        items = datalist_items(small_cohort, section)
        assert [item["pair"] for item in items] == list(pairs)
        assert all(item["datalist_folder"] == str(small_cohort) for item in items)
        assert [item["subject"] for item in items] == [pair.subject for pair in pairs]
        assert all(("label" in item) == (section != "inference") for item in items)
        assert [item.get("label") for item in items] == [pair.label for pair in pairs]


def test_the_list_may_be_named_as_a_file(small_cohort: Path) -> None:
    path = small_cohort / "datalist.json"
    assert datalist_items(path, "test") == datalist_items(small_cohort, "test")
    assert datalist_hash(path) == datalist_hash(small_cohort) == hashlib.sha256(path.read_bytes()).hexdigest()


def _one_class(folder: Path, small_cohort: Path, section: str, label: int) -> Path:
    pairs: tuple[FollowUpPair, ...] = load_datalist(small_cohort).section(section)
    save_datalist(Datalist(folder, {section: tuple(pair for pair in pairs if pair.label == label)}))
    return folder


@pytest.mark.parametrize(("section", "label", "word"), [("training", 1, "malignant"), ("validation", 0, "benign")])
def test_one_class_alone_teaches_nothing(
    section: str, label: int, word: str, small_cohort: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=f"all . pairs of '{section}' are {word}; both classes are needed"):
        datalist_items(_one_class(tmp_path, small_cohort, section, label), section)


def test_one_class_alone_can_be_judged(small_cohort: Path, tmp_path: Path) -> None:
    assert len(datalist_items(_one_class(tmp_path, small_cohort, "test", 0), "test")) == 4


def test_an_empty_section_is_named(small_cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the list 'training' is empty"):
        datalist_items(_one_class(tmp_path, small_cohort, "test", 0), "training")


@pytest.mark.parametrize(
    ("header", "name", "phantom"),
    [
        ({}, "an unnamed cohort", False),
        ({"name": "NLST", "provenance": {"source": "tables"}}, "NLST", False),
        ({"name": "p", "provenance": {"phantom_version": 1}}, "p", True),
    ],
)
def test_a_cohort_says_what_it_is(header: dict[str, object], name: str, phantom: bool, tmp_path: Path) -> None:
    save_datalist(Datalist(tmp_path, {}, header))
    description = data_description(tmp_path)
    assert (description.name, description.phantom) == (name, phantom)
    assert description.datalist_sha256 == datalist_hash(tmp_path)
