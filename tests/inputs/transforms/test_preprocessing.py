"""The config that training, evaluation, inference and MONAI Label share."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.dicom_pair import write_dicom_pair
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import describe_pair
from csfnet_bundle.inputs.store import open_store
from csfnet_bundle.inputs.transforms.preprocessing import preprocessing
from csfnet_bundle.prediction.data import datalist_items
from csfnet_bundle.records import Datalist, save_datalist
from csfnet_bundle.training.preparation import prepare

ROI = {"size": [2, 4, 4], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}
VALUES: dict[str, Any] = {"roi": ROI, "code_book": nlst_code_book()}


def _through(steps: list[Any], record: dict[str, Any]) -> dict[str, Any]:
    for step in steps:
        record = step(record)
    return record


def test_a_record_becomes_the_networks_inputs(small_cohort: Path, tmp_path: Path) -> None:
    item = datalist_items(small_cohort, "training")[0]
    steps = preprocessing(REPOSITORY, labels=["label"], cache_dir=str(tmp_path), **VALUES)
    record = _through(steps, dict(item))
    assert record["image"].shape == (2, 2, 4, 4)
    assert 0 <= record["image"].min() <= record["image"].max() <= 1
    assert record["clinical"].dtype == torch.int64
    assert record["label"] == item["label"]
    assert "pair" not in record  # which cannot become a batch
    assert len(list(open_store(tmp_path))) == 1
    assert "label" not in _through(preprocessing(REPOSITORY, **VALUES), dict(item))
    assert "pair" in _through(preprocessing(REPOSITORY, "inputs", **VALUES), dict(item))


def test_a_bundles_own_file_is_read_and_elsewhere_that_of_the_package(tmp_path: Path) -> None:
    assert len(preprocessing(tmp_path, **VALUES)) == 4
    shutil.copytree(REPOSITORY / "configs", tmp_path / "configs")
    own = tmp_path / "configs" / "preprocessing.json"
    config = json.loads(own.read_text())
    own.write_text(json.dumps({**config, "batch_items": "@inputs"}))
    assert len(preprocessing(tmp_path, **VALUES)) == 3
    own.unlink()
    with pytest.raises(BundleError, match=r"there is no preprocessing\.json in "):
        preprocessing(tmp_path, **VALUES)


def test_a_value_that_the_file_has_no_key_for_is_named() -> None:
    with pytest.raises(BundleError, match=r"preprocessing\.json: it has no key 'windows'\. It has roi, code_book, "):
        preprocessing(REPOSITORY, windows=[0, 1], **VALUES)


def test_scans_behind_links_are_read_where_asked(tmp_path: Path) -> None:
    """As git-annex stores them: a folder of links. The preparation and the transforms agree."""
    studies, linked = write_dicom_pair(tmp_path / "studies"), tmp_path / "linked"
    for file in [path for path in studies.rglob("*") if path.is_file()]:
        target = linked / file.relative_to(studies)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(file)
    point = Point((-5.0, 50.0, -140.0), Space.LPS)
    pair = describe_pair(studies, t0=("t0", point), t1=("t1", point), nodule="1")
    save_datalist(Datalist(linked, {"inference": (pair,)}))
    item = datalist_items(linked, "inference")[0]
    cache = str(tmp_path / "cache")

    with pytest.raises(BundleError):
        prepare(linked, tmp_path, ["inference"], ROI, cache)
    with pytest.raises(BundleError):
        _through(preprocessing(REPOSITORY, cache_dir=cache, **VALUES), dict(item))
    prepare(linked, tmp_path, ["inference"], ROI, cache, follow_links=True)
    entries = list(open_store(Path(cache)))
    record = _through(preprocessing(REPOSITORY, cache_dir=cache, follow_links=True, **VALUES), dict(item))
    assert record["image"].shape == (2, 2, 4, 4)
    assert list(open_store(Path(cache))) == entries
    assert len(entries) == 1
