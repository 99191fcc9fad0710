import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.transforms import ScaleIntensityRanged

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.inputs.tensors import clinical_tokens, interval_tensor, pair_tensors, scale_window
from csfnet_bundle.inputs.transforms import EncodeClinicald, FollowUpRoid, ScaleWindowd
from csfnet_bundle.records import FollowUpPair, encode_clinical, load_datalist

SETTINGS = RoiSettings((16, 32, 32), (1.0, 1.0, 1.0), (-1000.0, 400.0))


@pytest.fixture
def pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("training")[0]


@given(st.lists(st.integers(-3000, 4000), min_size=1), st.sampled_from([(-1200.0, 600.0), (-1000.0, 400.0)]))
def test_the_window_is_scaled_as_monai_scales_it(values: list[int], window: tuple[float, float]) -> None:
    hounsfield = torch.tensor(values, dtype=torch.float32)
    theirs = ScaleIntensityRanged("image", *window, b_min=0.0, b_max=1.0, clip=True)({"image": hounsfield})["image"]
    assert torch.equal(scale_window(hounsfield, window), torch.as_tensor(theirs))


def test_the_transforms_give_the_same_tensors(pair: FollowUpPair, small_cohort: Path) -> None:
    made = pair_tensors(pair, read_pair(pair, small_cohort, SETTINGS), SETTINGS, nlst_code_book())
    record = {"pair": pair, "datalist_folder": str(small_cohort)}
    for transform in (
        FollowUpRoid(roi=SETTINGS.to_plain()),
        ScaleWindowd(roi=SETTINGS.to_plain()),
        EncodeClinicald(),
    ):
        record = transform(record)
    assert made.image.shape == (2, 16, 32, 32)
    for name in ("image", "clinical", "interval_days"):
        assert torch.equal(getattr(made, name), record[name])
    np.testing.assert_array_equal(made.clinical, encode_clinical(pair.clinical, nlst_code_book()))


def test_an_interval_needs_a_scan_to_start_from(pair: FollowUpPair) -> None:
    assert interval_tensor(replace(pair, interval_days=371)).item() == 371
    for unknown in (replace(pair, interval_days=None), replace(pair, t0=None)):
        assert math.isnan(interval_tensor(unknown).item())
        assert interval_tensor(unknown).dtype == torch.float32


def test_a_value_without_a_code_is_named_with_its_pair(pair: FollowUpPair) -> None:
    with pytest.raises(BundleError, match=f"pair {pair.name}: cigsmok = 7 is not in the clinical code book"):
        clinical_tokens(replace(pair, clinical={"cigsmok": 7}), nlst_code_book())
