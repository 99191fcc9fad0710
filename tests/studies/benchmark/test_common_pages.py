"""What is said of the common test set."""

import numpy as np
import pytest
from scipy.stats import norm

from csfnet_bundle.studies.benchmark.common_pages import POWER_FACTOR, common_sentence


def common(**separates: float) -> dict[str, object]:
    seeds = {name: [0.9] for name in separates if name != "reference"}
    return {"pairs": 7000, "malignant": 3500, "seed": 1, "separates": separates, "seeds": seeds, "permuted_pairs": 2000}


def test_what_the_set_tells_apart_is_of_networks_alone_and_has_the_power_it_names() -> None:
    text = common_sentence(common(deepcad=0.004, csfnet_medst=0.002, reference=0.05))
    assert "tell a difference of 0.003 to 0.006 from zero (80 % power, two-sided 5 %)" in text
    assert "another training may move an area by more" in text
    assert "difference" not in common_sentence(common())


def test_the_power_is_that_of_the_normal_law() -> None:
    half_width = norm.ppf(0.975)  # in standard errors
    seen = np.random.default_rng(0).normal(POWER_FACTOR * half_width, 1, 100_000)
    assert (np.abs(seen) > half_width).mean() == pytest.approx(0.8, abs=0.01)


def test_seven_thousand_pairs_tell_a_hundredth() -> None:
    """The standard error of Hanley and McNeil (1982) and their correlation of two areas (1983)."""
    area, malignant, benign, correlation = 0.89, 3500, 3500, 0.6
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = (malignant - 1) * (q1 - area**2) + (benign - 1) * (q2 - area**2)
    error = np.sqrt((area * (1 - area) + spread) / (malignant * benign))
    half_width = norm.ppf(0.975) * error * np.sqrt(2 * (1 - correlation))
    assert POWER_FACTOR * half_width == pytest.approx(0.01, abs=0.0005)
