from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.inputs.store import open_store
from csfnet_bundle.inputs.transforms import FollowUpRoid
from csfnet_bundle.prediction.data import datalist_items

ROI = {"size": [4, 20, 24], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}


@pytest.fixture
def item(small_cohort: Path) -> dict[str, Any]:
    return datalist_items(small_cohort, "training")[1]


def test_the_record_gains_image_affine_and_findings(item: dict[str, Any], small_cohort: Path) -> None:
    record = FollowUpRoid(roi=ROI)(item)
    expected = read_pair(item["pair"], small_cohort, RoiSettings.from_plain(ROI))
    assert type(record["image"]) is type(record["affine"]) is torch.Tensor
    assert (record["image"].dtype, record["affine"].dtype) == (torch.float32, torch.float64)
    np.testing.assert_array_equal(record["image"].numpy(), expected.array)
    np.testing.assert_array_equal(record["affine"].numpy(), expected.affines[1])
    assert record["findings"] == "\n".join(expected.findings)
    assert {key: record[key] for key in item} == item


def test_the_affine_puts_the_nodule_point_at_the_middle(item: dict[str, Any]) -> None:
    record = FollowUpRoid(roi=ROI)(item)
    middle = torch.tensor([*((size - 1) / 2 for size in ROI["size"]), 1.0], dtype=torch.float64)
    # The cohort's NIfTI files have the identity as affine, to RAS: LPS has the other sign in x and y.
    i, j, k = item["pair"].t1.point.coordinates
    np.testing.assert_allclose((record["affine"] @ middle)[:3], [-i, -j, k], atol=1e-9)


def test_through_the_cache_it_is_the_same(item: dict[str, Any], tmp_path: Path) -> None:
    plain, cached = FollowUpRoid(roi=ROI), FollowUpRoid(roi=ROI, cache_dir=tmp_path)
    for record in (cached(item), cached(item)):
        for key in ("image", "affine"):
            torch.testing.assert_close(record[key], plain(item)[key], rtol=0, atol=1e-3)  # last bits of a margin
    assert len(list(open_store(tmp_path))) == 1


def test_other_settings_do_not_take_the_cached_roi(item: dict[str, Any], tmp_path: Path) -> None:
    """What a stock persistent data set gets wrong: its key knows the record, not the transform."""
    FollowUpRoid(roi=ROI, cache_dir=tmp_path)(item)
    coarse = {**ROI, "spacing": [1.0, 1.5, 1.5]}
    image = FollowUpRoid(roi=coarse, cache_dir=tmp_path)(item)["image"]
    torch.testing.assert_close(image, FollowUpRoid(roi=coarse)(item)["image"], rtol=0, atol=1e-3)


def test_a_missing_prior(item: dict[str, Any]) -> None:
    alone = {**item, "pair": replace(item["pair"], t0=None)}
    with pytest.raises(BundleError, match=f"NO_PRIOR: pair {item['pair'].name}"):
        FollowUpRoid(roi=ROI)(alone)
    record = FollowUpRoid(roi=ROI, repeat_missing_prior=True)(alone)
    torch.testing.assert_close(record["image"][0], record["image"][1])
    assert "no t0" in record["findings"]


def test_records_make_a_batch(small_cohort: Path) -> None:
    keys = ("image", "affine", "findings")
    transform = FollowUpRoid(roi=ROI)
    data = Dataset(datalist_items(small_cohort, "inference"), lambda item: {key: transform(item)[key] for key in keys})
    (batch,) = DataLoader(data, batch_size=2)
    assert batch["image"].shape == (2, 2, *ROI["size"])
    assert batch["affine"].shape == (2, 4, 4)
    assert len(batch["findings"]) == 2
