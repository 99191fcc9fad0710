"""The cost of a match is measured in a process of its own, on two series of 300 slices."""

from pathlib import Path

import numpy as np
import pytest
from helpers.whole_chest import make_whole_chest

from csfnet_bundle.cohorts.phantom.scanner_noise import NoiseGrain
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.matching.cost import SHIFT_MM, measure_cost
from csfnet_bundle.studies.matching.sources import KnownNodule, Source

NODULE = np.array([-62.0, 12.0, 25.0])


def chest(place: np.ndarray) -> Source:
    volume = make_whole_chest(nodule=tuple(NODULE))
    known = KnownNodule(np.zeros(volume.array.shape, bool), place, 9.0, "solid")
    return Source("chest", Path("none"), volume, NoiseGrain(np.zeros((1, 1)), 0.0, 1.0, 0.0), [known])


@pytest.mark.long
def test_a_match_between_two_long_series(tmp_path: Path) -> None:
    cost = measure_cost(chest(NODULE), tmp_path)
    assert cost["shape"] == [142, 110, 300]
    assert cost["processor_seconds"] > 0
    assert cost["megabytes_above_imports"] > 0
    np.testing.assert_allclose(np.array(cost["point0_lps"]), NODULE + SHIFT_MM, atol=0.5)
    assert not list(tmp_path.iterdir())
    with pytest.raises(BundleError, match="POINT_OUTSIDE"):
        measure_cost(chest(NODULE + 500), tmp_path)
    assert not list(tmp_path.iterdir())
