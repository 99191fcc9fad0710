"""The study of a wrong place in t0 moves that point alone, and its table tells by how much the probability moved."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist
from csfnet_bundle.studies.matching.point_error import DISTANCES_MM, point_error_study, point_error_table

PLACE = (10.0, -20.0, 30.0)


class Distance:
    """Predicts a hundredth for each mm that t0's point lies from the true place, above a half for malignant ones."""

    def predict_pairs(self, pairs: Sequence[FollowUpPair], folder: Path) -> Iterator[SimpleNamespace]:
        for pair in pairs:
            assert pair.t0 is not None
            assert pair.t1.known_point.coordinates == PLACE
            away = float(np.linalg.norm(np.array(pair.t0.known_point.coordinates) - PLACE))
            yield SimpleNamespace(probability=0.5 * pair.label + 0.01 * away)


def cohort(folder: Path, space: Space = Space.LPS, prior: bool = True) -> Path:
    def scan(name: str) -> Scan:
        (folder / name).mkdir(parents=True, exist_ok=True)
        return Scan(name, Point(PLACE, space))

    pairs = tuple(
        FollowUpPair(f"p{n}", "1", t1=scan("t1"), t0=scan("t0") if prior else None, label=n % 2) for n in range(4)
    )
    save_datalist(Datalist(folder, {"test": pairs}, {"name": "test", "description": "test"}))
    return folder


def test_the_point_of_t0_moves_by_the_distance_and_the_table_says_what_came_of_it(tmp_path: Path) -> None:
    study = point_error_study(cohort(tmp_path), Distance())  # type: ignore[arg-type]
    for row in study["rows"]:
        for distance in DISTANCES_MM:
            values = row["probabilities"][f"{distance:g}"]
            assert values == pytest.approx([0.5 * row["label"] + 0.01 * distance] * len(values))
    assert study == point_error_study(tmp_path, Distance())  # type: ignore[arg-type]
    lines = point_error_table(study).splitlines()
    assert [cell.strip() for cell in lines[-1].split("|")[1:-1]] == [
        "8 mm", "12", "0.080", "0.080", "0.080", "0%", "1.000",
    ]  # fmt: skip


def test_pairs_without_a_prior_and_points_in_another_space_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no pair with a t0"):
        point_error_study(cohort(tmp_path / "a", prior=False), Distance())  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="expected LPS"):
        point_error_study(cohort(tmp_path / "b", space=Space.RAS), Distance())  # type: ignore[arg-type]
