"""References without a network, on the small cohort, whose malignant nodules have grown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.nodule.measurements import Measured
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.studies.benchmark.fitting import TEST, VALIDATION
from csfnet_bundle.studies.benchmark.gathering import area
from csfnet_bundle.studies.benchmark.references import (
    BROCK,
    left_out_references,
    oracle_tables,
    reference_tables,
    references_for,
)
from csfnet_bundle.studies.benchmark.splits import Split, labelled_pairs, make_splits


@pytest.fixture(autouse=True)
def quick_references() -> None:
    """Here they are what is tested."""


@pytest.fixture(scope="module")
def split(small_cohort: Path) -> Split:
    return make_splits(load_datalist(small_cohort), 1)[0]


@pytest.fixture(scope="module")
def measured(small_cohort: Path) -> Measured:
    datalist = load_datalist(small_cohort)
    cache = RoiCache(None, RoiSettings(size=(16, 32, 32)))
    return Measured.of(labelled_pairs(datalist), datalist.folder, cache)


def test_growth_is_seen_and_the_record_knows_nothing(measured: Measured, split: Split) -> None:
    known = references_for(measured)
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
    features = references_for(measured)["simple reference, all inputs"]
    turned = replace(split, test=tuple(replace(pair, label=1 - int(pair.label or 0)) for pair in split.test))
    first, second = (reference_tables(features, one, measured)[TEST] for one in (split, turned))
    np.testing.assert_array_equal(first["probability"], second["probability"])
    assert (first["label"] != second["label"]).all()


def _only(measured: Measured, *pairs: FollowUpPair, boxes: list[list[float]] | None = None) -> Measured:
    rows = slice(0, len(pairs))
    given = measured.boxes[rows] if boxes is None else np.array(boxes)
    return Measured(pairs, measured.images[rows], measured.densities[rows], given)


def test_inputs_decide_which_references_there_are(measured: Measured) -> None:
    pair = measured.pairs[0]
    full = replace(pair, strata={"diameter_mm": 8.0}, clinical={**pair.clinical, "scr_iso0": 1})
    sized = {"diameter (datalist)", "size and density (5 features)"}
    assert {*sized, "clinical without reads (logistic)"} <= set(references_for(_only(measured, full)))
    assert not sized & set(references_for(_only(measured, full, pair)))
    assert "volume change (segmentation)" not in references_for(_only(measured, replace(full, t0=None)))
    assert "clinical (logistic)" not in references_for(_only(measured, replace(pair, clinical={})))


def test_boxes_of_different_size_are_a_reference_of_their_own(measured: Measured) -> None:
    row = "box alone (its three extents)"
    pairs = measured.pairs[:2]
    assert row in references_for(_only(measured, *pairs, boxes=[[30, 30, 8], [30, 30, 12]]))
    assert row not in references_for(_only(measured, *pairs, boxes=[[30, 30, 8], [30, 30, 8]]))
    assert row not in references_for(_only(measured, *pairs, boxes=[[30, 30, 8], [np.nan] * 3]))


def test_a_box_gives_its_nodule_away(measured: Measured, split: Split) -> None:
    """Boxes as tight as LIDC's, here longer by the label's sign alone, need no image at all."""
    boxes = np.array([[30.0, 30.0, 8.0 + 4.0 * int(pair.label or 0)] for pair in measured.pairs])
    known = replace(measured, boxes=boxes)
    table = reference_tables(references_for(known)["box alone (its three extents)"], split, known)[TEST]
    assert area(table) == 1.0


def test_brock_needs_all_its_inputs_and_says_which_are_missing(measured: Measured, split: Split) -> None:
    assert BROCK not in references_for(measured)
    assert "emphysema" in left_out_references(measured.pairs)[BROCK]
    known = {"family_history": False, "emphysema": False, "attenuation": "solid", "upper_lobe": True}
    known |= {"nodule_count": 1, "spiculation": False}
    pairs = {
        pair.name: replace(pair, strata={**known, "diameter_mm": 6.0 + 4.0 * int(pair.label or 0)})
        for pair in measured.pairs
    }
    complete = replace(measured, pairs=tuple(pairs.values()))
    parts = Split(
        *(tuple(pairs[pair.name] for pair in part) for part in (split.training, split.validation, split.test))
    )
    assert left_out_references(complete.pairs) == {}
    assert area(reference_tables(references_for(complete)[BROCK], parts, complete)[TEST]) > 0.9


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
