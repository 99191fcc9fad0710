"""What a workflow does first: make the phantom cohort if nobody gave data, and read every pair."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.store import open_store
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.training import preparation
from csfnet_bundle.training.preparation import prepare

ROI = {"size": [2, 2, 24], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}


def _prepare(dataset_dir: Path, cache_dir: Path | None, **change: Any) -> None:
    arguments = {"default_dataset_dir": "/nowhere/phantom", "sections": ["training"], "roi": ROI, **change}
    prepare(dataset_dir, cache_dir=cache_dir, **arguments)


def test_every_pair_of_the_sections_is_cached(small_cohort: Path, tmp_path: Path) -> None:
    _prepare(small_cohort, tmp_path, sections=["validation", "inference"])
    assert len(list(open_store(tmp_path))) == 8 + 2
    _prepare(small_cohort, tmp_path, sections=["validation"], roi={**ROI, "size": [2, 2, 23]})
    assert len(list(open_store(tmp_path))) == 8 + 2 + 8


def test_without_a_cache_only_the_list_is_checked(small_cohort: Path, tmp_path: Path) -> None:
    shutil.copy(small_cohort / "datalist.json", tmp_path)
    _prepare(tmp_path, None)
    save_datalist(Datalist(tmp_path, {}))
    with pytest.raises(BundleError, match="the list 'training' is empty"):
        _prepare(tmp_path, None)


def _broken(small_cohort: Path, folder: Path, count: int) -> Path:
    """A cohort whose first ``count`` training pairs lead nowhere."""
    datalist = load_datalist(small_cohort)
    pairs = [
        replace(
            pair,
            t0=pair.t0 and replace(pair.t0, path=str(small_cohort / pair.t0.path)),
            t1=replace(pair.t1, path=str(small_cohort / pair.t1.path)),
        )
        for pair in datalist.section("training")
    ]
    for index in range(count):
        pairs[index] = replace(pairs[index], t1=replace(pairs[index].t1, path="nowhere.nii"))
    save_datalist(Datalist(folder, {"training": tuple(pairs)}))
    return folder


def test_one_bad_pair_is_the_error(small_cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"pair 100001/1: .*nowhere\.nii does not exist"):
        _prepare(_broken(small_cohort, tmp_path / "data", 1), tmp_path / "cache")
    assert len(list(open_store(tmp_path / "cache"))) == 15  # the others are ready


def test_several_bad_pairs_are_counted_and_the_first_is_told(small_cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        _prepare(_broken(small_cohort, tmp_path / "data", 7), tmp_path / "cache")
    message = str(caught.value)
    assert "7 of 16 follow-up pairs cannot be read (100001/1, 100002/1, 100003/1, 100004/1, 100005/1)" in message
    assert "nowhere.nii" in message
    assert "csfnet_bundle check" in message
    assert "\n" not in message


def test_a_folder_without_a_cohort_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"there is no datalist {tmp_path}/none"):
        _prepare(tmp_path / "none", tmp_path / "cache")


def test_the_phantom_cohort_is_made_only_where_it_is_the_default(
    small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[Path] = []

    def make(folder: Path, settings: object) -> None:
        made.append(folder)
        shutil.copytree(small_cohort, folder)

    monkeypatch.setattr(preparation, "make_cohort", make)
    default = tmp_path / "phantom"
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        _prepare(small_cohort, None, default_dataset_dir=default)
        assert made == []
        for _ in range(2):  # once
            _prepare(tmp_path / "." / "phantom", None, default_dataset_dir=default)
    assert made == [default]
    assert caplog.text.count("making a PHANTOM cohort") == 1
