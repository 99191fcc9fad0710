"""References without a network, on the small cohort, whose malignant nodules have grown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.benchmark.fitting import TEST, VALIDATION
from csfnet_bundle.benchmark.gathering import area
from csfnet_bundle.benchmark.references import Measured, oracle_tables, reference_tables, references_for
from csfnet_bundle.benchmark.splits import Split, labelled_pairs, make_splits
from csfnet_bundle.pairs import load_datalist
from csfnet_bundle.roi import RoiCache, RoiSettings


@pytest.fixture(scope="module")
def split(small_cohort: Path) -> Split:
    return make_splits(load_datalist(small_cohort), 1)[0]


@pytest.fixture(scope="module")
def measured(small_cohort: Path) -> Measured:
    datalist = load_datalist(small_cohort)
    cache = RoiCache(None, RoiSettings(size=(16, 32, 32)))
    return Measured.of(labelled_pairs(datalist), datalist.folder, cache)


def test_growth_is_seen_and_the_record_knows_nothing(measured: Measured, split: Split) -> None:
    known = references_for(measured.pairs)
    assert set(known) == {
        "clinical (logistic)",
        "volume (segmentation)",
        "simple reference, t1 image",
        "volume change (segmentation)",
        "simple reference, all inputs",
    }
    areas = {name: area(reference_tables(features, split, measured)[TEST]) for name, features in known.items()}
    assert areas["volume change (segmentation)"] == 1.0
    assert areas["volume (segmentation)"] == 1.0


def test_a_reference_does_not_see_test_labels(measured: Measured, split: Split) -> None:
    features = references_for(measured.pairs)["simple reference, all inputs"]
    turned = replace(split, test=tuple(replace(pair, label=1 - int(pair.label or 0)) for pair in split.test))
    first, second = (reference_tables(features, one, measured)[TEST] for one in (split, turned))
    np.testing.assert_array_equal(first["probability"], second["probability"])
    assert (first["label"] != second["label"]).all()


def test_inputs_decide_which_references_there_are(measured: Measured) -> None:
    pair = measured.pairs[0]
    full = replace(pair, strata={"diameter_mm": 8.0}, clinical={**pair.clinical, "scr_iso0": 1})
    assert {"diameter (datalist)", "clinical without reads (logistic)"} <= set(references_for([full]))
    assert "diameter (datalist)" not in references_for([full, pair])
    assert "volume change (segmentation)" not in references_for([replace(full, t0=None)])


def test_the_oracle_is_there_on_phantoms_alone(split: Split, tmp_path: Path) -> None:
    assert oracle_tables("all", split, tmp_path) is None
    pairs = [*split.validation, *split.test]
    scores = [0.1 + 0.8 * int(pair.label or 0) for pair in pairs]
    truth = pd.DataFrame({"subject": [pair.subject for pair in pairs], "oracle_all": scores})
    truth.to_csv(tmp_path / "truth.csv", index=False)
    tables = oracle_tables("all", split, tmp_path)
    assert tables is not None
    assert set(tables) == {VALIDATION, TEST}
    assert area(tables[TEST]) == 1.0
