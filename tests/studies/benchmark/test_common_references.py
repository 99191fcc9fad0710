"""The common test set as references without a network see it."""

from dataclasses import replace

import numpy as np
import pytest

from csfnet_bundle.nodule.measurements import Measured, recorded_diameter
from csfnet_bundle.studies.benchmark import common_references
from csfnet_bundle.studies.benchmark.common_references import measured_common_set, oracles_of_common_set
from csfnet_bundle.studies.benchmark.common_test import common_set
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.references import ORACLES, references_for


@pytest.fixture
def measured(fresh: Protocol) -> tuple[Protocol, Measured]:
    """A set of three pairs in a small ROI, and what is measured in it."""
    protocol = replace(fresh, common_test=3)
    return protocol, measured_common_set(protocol)


def test_every_pair_has_a_diameter_and_the_references_but_that_of_a_box(measured: tuple[Protocol, Measured]) -> None:
    protocol, known = measured
    assert known.images.shape == (3, 14)
    assert np.isfinite(known.images).all()
    assert np.isfinite(known.densities).all()
    true = common_set(protocol).truth["diameter_t1"]
    assert [recorded_diameter(pair) for pair in known.pairs] == pytest.approx(true.tolist(), abs=0.051)
    names = set(references_for(known))
    assert {"simple reference, all inputs", "diameter (datalist)", "clinical (logistic)"} <= names
    assert not any("box" in name for name in names)


def test_what_is_measured_is_not_measured_again(
    measured: tuple[Protocol, Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol, before = measured

    def never(*arguments: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(common_references, "measure_rois", never)
    np.testing.assert_array_equal(measured_common_set(protocol).images, before.images)
    with pytest.raises(AssertionError, match="measured again"):
        measured_common_set(replace(protocol, common_test=4))  # the block has grown


def test_the_oracles_say_what_the_truth_says(measured: tuple[Protocol, Measured]) -> None:
    protocol, _ = measured
    tables, truth = oracles_of_common_set(protocol), common_set(protocol).truth
    assert set(tables) == set(ORACLES)
    probability = tables["oracle: t0+t1"]["probability"]
    np.testing.assert_allclose(probability, truth["oracle_t0+t1"], atol=1e-6)
    assert tables["oracle: all"]["label"].tolist() == truth["label"].tolist()
