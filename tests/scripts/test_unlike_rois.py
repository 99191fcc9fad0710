"""Places of a kind obey their rule, on a chest that was made: a block of tissue with two lungs, a rib and a vessel."""

import numpy as np
import pytest
from kinds_of_places import KINDS, NODULE_FREE_MM, STEP_MM, Chest, chest_on, roi_inside
from unlike_rois import BESIDE_MM, steps

from csfnet_bundle.geometry import RoiGrid

GRID = RoiGrid((10.0, -20.0, 30.0), (50, 100, 160), (STEP_MM,) * 3)
BODY = (slice(None), slice(15, 85), slice(15, 145))
LUNGS = (slice(None), slice(25, 75), slice(20, 60)), (slice(None), slice(25, 75), slice(100, 140))
RIB = (slice(20, 23), slice(18, 20), slice(70, 90))
VESSEL = (slice(None), slice(48, 51), slice(38, 41))
NODULE = (25, 50, 120)


@pytest.fixture(scope="module")
def chest() -> Chest:
    hu, lungs = np.full(GRID.size, -1000.0, np.float32), np.zeros(GRID.size, bool)
    hu[BODY] = 40
    for lung in LUNGS:
        hu[lung], lungs[lung] = -850, True
        hu[:, 25, lung[2]] = -400  # half lung, half chest wall
    hu[RIB], hu[VESSEL] = 700, 0
    center = (GRID.affine @ [*NODULE, 1.0])[:3]
    return chest_on(GRID, hu, lungs, [(center, 10.0)])


def _places(chest: Chest, name: str) -> set[tuple[int, ...]]:
    found = {tuple(place.tolist()) for place in np.argwhere(KINDS[name].holds(chest))}
    assert found, name
    return found


def _all_of(*box: slice) -> set[tuple[int, ...]]:
    mask = np.zeros(GRID.size, bool)
    mask[box] = True
    return {tuple(place.tolist()) for place in np.argwhere(mask)}


def test_each_kind_lies_where_its_rule_says(chest: Chest) -> None:
    kinds = {name: _places(chest, name) for name in KINDS}
    near = _all_of(BODY[0], slice(11, 89), BODY[2]) | _all_of(BODY[0], BODY[1], slice(11, 149))
    assert not kinds["air outside of the body"] & near
    assert kinds["bone"] == _all_of(*RIB)
    assert kinds["vessel in lung"] == _all_of(*VESSEL)
    assert kinds["pleura"] <= _all_of(slice(None), slice(25, 26), slice(None))
    assert kinds["soft tissue deep in the body"] <= _all_of(slice(None), slice(34, 66), slice(69, 91))
    for name in ("chest wall", "soft tissue deep in the body"):
        assert not any(kinds[name] & _all_of(*lung) for lung in LUNGS), name
    assert kinds["lung without a nodule"] <= _all_of(*LUNGS[0]) | _all_of(*LUNGS[1])
    assert sum(len(found) for found in kinds.values()) == len(set().union(*kinds.values()))


def test_lung_without_a_nodule_is_far_from_it(chest: Chest) -> None:
    away = [STEP_MM * np.linalg.norm(np.subtract(place, NODULE)) for place in _places(chest, "lung without a nodule")]
    assert min(away) >= NODULE_FREE_MM + 5
    assert chest.nodule_mm[NODULE] == pytest.approx(-5, abs=1e-3)


def test_the_roi_lies_in_the_scan() -> None:
    inside = np.argwhere(roi_inside(GRID.size, (24.0, 48.0, 48.0)))
    assert inside.min(axis=0).tolist() == [6, 12, 12]
    assert inside.max(axis=0).tolist() == [43, 87, 147]


def test_six_places_lie_beside_a_nodule() -> None:
    found = np.array(list(steps()))
    assert len(np.unique(found, axis=0)) == 6
    np.testing.assert_array_equal(np.linalg.norm(found, axis=1), BESIDE_MM)
