import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import EncodeClinicald
from csfnet_bundle.records import CLINICAL_VARIABLES, FollowUpPair, encode_clinical, load_datalist


@pytest.fixture
def pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("training")[0]


def test_codes_stand_in_the_order_of_the_variables(pair: FollowUpPair) -> None:
    values = {"scr_iso0": 1, "race": 1, "age": 63, "gender": 2, "cigsmok": 1, "scr_res0": 4}
    record = EncodeClinicald()({"pair": replace(pair, clinical=values), "other": 1})
    assert record["clinical"].dtype == torch.int64
    assert record["clinical"].tolist() == encode_clinical(values).tolist()
    assert len(record["clinical"]) == len(CLINICAL_VARIABLES) == 6
    assert record["other"] == 1
    for place, name in enumerate(CLINICAL_VARIABLES):
        alone = EncodeClinicald()({"pair": replace(pair, clinical={name: values[name]})})["clinical"]
        assert alone[place] == record["clinical"][place]
        assert alone.tolist().count(0) == 5  # the others are missing


@pytest.mark.parametrize(("days", "expected"), [(366, 366.0), (12.5, 12.5), (None, math.nan)])
def test_an_unknown_interval_is_no_number(pair: FollowUpPair, days: float | None, expected: float) -> None:
    interval = EncodeClinicald()({"pair": replace(pair, interval_days=days)})["interval_days"]
    assert (interval.dtype, interval.shape) == (torch.float32, ())
    assert interval.item() == pytest.approx(expected, nan_ok=True)


def test_a_value_that_no_code_explains_is_named_with_its_pair(pair: FollowUpPair) -> None:
    with pytest.raises(BundleError, match=f"pair {pair.name}: cigsmok = 7 is not in the clinical code book"):
        EncodeClinicald()({"pair": replace(pair, clinical={"cigsmok": 7})})


def test_the_record_given_is_left_as_it_is(pair: FollowUpPair) -> None:
    record = {"pair": pair}
    EncodeClinicald()(record)
    assert record == {"pair": pair}
