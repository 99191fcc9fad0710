"""Cases are measured once: an interrupted study goes on, and another network makes its rows anew."""

from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, ball_mm3, sphere_cube

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.studies.measuring.cases import Case, Loaded
from csfnet_bundle.studies.measuring.evaluating import (
    MEASURING_VERSION,
    TAKEN,
    THRESHOLD,
    check_parts,
    evaluate_cases,
    prepare_cases,
)


def case(name: str, diameter: float | None, loads: list[str]) -> Case:
    """A sphere, or lung without one."""

    def load() -> Loaded:
        loads.append(name)
        cube = sphere_cube(diameter or 1.0, hu=0.0 if diameter else -860.0)
        mask = sphere_cube(diameter, noise=0).hu > -430 if diameter else None
        return Loaded(cube, ball_mm3(diameter or 0.0), mask)

    return Case("readers", name, load, {"texture": 5}, clicks=diameter == 9.0)


def test_rows_hold_volumes_and_dice_and_are_made_once(tmp_path: Path) -> None:
    loads: list[str] = []
    cases = [case("nine", 9.0, loads), case("none", None, loads)]
    prepare_cases(cases, tmp_path)
    assert loads == ["nine", "none"]
    ball, lung = evaluate_cases(cases, lambda case: NETWORK, tmp_path)
    assert ball["volumes_mm3"][TAKEN] == pytest.approx(ball_mm3(9.0), rel=0.15)
    assert ball["dice"][TAKEN] > 0.9
    assert ball["texture"] == 5
    assert len(ball["clicks_mm3"]) == 9
    assert set(ball["volumes_mm3"]) >= {THRESHOLD, "classical", "neck cutting", "network", TAKEN}
    assert lung["refused"] == "NO_NODULE"
    assert "dice" not in lung
    file = tmp_path / "rows" / f"stand-in-{MEASURING_VERSION}" / "readers" / "nine.json"
    changed = file.read_text().replace('"texture": 5', '"texture": 4')
    file.write_text(changed)
    assert evaluate_cases(cases, lambda case: NETWORK, tmp_path)[0]["texture"] == 4
    assert evaluate_cases(cases[:1], lambda case: NoduleNetwork(NETWORK.module, "another"), tmp_path)[0]["texture"] == 5
    assert loads == ["nine", "none"]


def test_the_kept_cube_is_the_cube(tmp_path: Path) -> None:
    shifted = sphere_cube(8.0, offset=(2.0, 0.0, 0.0)).clicked((2.0, 0.0, 0.0))
    moved = Case("clicks", "moved", lambda: Loaded(shifted, ball_mm3(8.0)), {})
    straight = Case("clicks", "straight", lambda: Loaded(sphere_cube(8.0), ball_mm3(8.0)), {})
    first, second = evaluate_cases([moved, straight], lambda case: NETWORK, tmp_path)
    assert first["volumes_mm3"][TAKEN] == pytest.approx(second["volumes_mm3"][TAKEN], rel=0.1)
    assert not np.isnan(first["true_mm3"])


def test_nothing_to_measure_is_told() -> None:
    with pytest.raises(BundleError, match="no case"):
        check_parts([])
