"""Where two chests do not fit at first, the registration starts again; what is refused and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans import alignment
from csfnet_bundle.scans.alignment import LARGEST_STRETCH, OTHER_STARTS_MM, align
from csfnet_bundle.scans.lungs import Lungs, find_lungs
from csfnet_bundle.scans.scan import open_scan
from csfnet_bundle.scans.thinned import ThinnedScan

MOVE = Move()
Scans = tuple[ThinnedScan, Lungs, ThinnedScan, Lungs]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Scans:
    folder = tmp_path_factory.mktemp("chest")
    source = make_whole_chest(nodule=None)
    thinned = [
        open_scan(write_nifti(volume, folder / name)).read_thinned()
        for name, volume in (("t0.nii", moved_chest(source, MOVE)), ("t1.nii", source))
    ]
    return thinned[0], find_lungs(thinned[0]), thinned[1], find_lungs(thinned[1])


@pytest.fixture(scope="module")
def squeezed(scans: Scans) -> NDArray[np.float64]:
    """What a descent that went wrong ends in: a chest that is squeezed to half along one axis."""
    matrix = np.eye(4)
    matrix[0, 0] = 0.5
    return matrix


def starts_seen(monkeypatch: pytest.MonkeyPatch, wrong: NDArray[np.float64], *, until: float | None) -> list[float]:
    """Let the registration end in ``wrong`` from every start but one, and return the starts as they are tried."""
    seen: list[float] = []
    register = alignment._register

    def fail(start_mm: float, *scans: Any) -> NDArray[np.float64]:
        seen.append(start_mm)
        return register(start_mm, *scans) if start_mm == until else wrong

    monkeypatch.setattr(alignment, "_register", fail)
    return seen


def test_a_chest_that_fits_is_registered_once(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = starts_seen(monkeypatch, np.eye(4), until=0.0)
    found = align(*scans)
    assert seen == [0.0]
    assert found.fits
    places = np.array([[-60.0, 10.0, 20.0], [60.0, -10.0, -20.0]])
    carried = places @ found.matrix[:3, :3].T + found.matrix[:3, 3]
    assert np.linalg.norm(carried - [MOVE.forward(place) for place in places], axis=1).max() < 8.0


@pytest.mark.parametrize("until", OTHER_STARTS_MM)
def test_one_that_does_not_is_registered_from_elsewhere(
    scans: Scans, squeezed: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch, until: float
) -> None:
    seen = starts_seen(monkeypatch, squeezed, until=until)
    found = align(*scans)
    assert seen == [0.0, *OTHER_STARTS_MM]
    assert found.fits
    assert found.stretch < 1.1


def test_the_refusal_tells_of_the_first_start(
    scans: Scans, squeezed: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = starts_seen(monkeypatch, squeezed, until=None)
    with pytest.raises(Refusal) as caught:
        align(*scans, series="1.2.3", record="100012/1")
    assert seen == [0.0, *OTHER_STARTS_MM]
    assert caught.value.code == RefusalCode.PRIOR_NOT_ALIGNED
    assert caught.value.figures["stretch"] == 2.0
    assert caught.value.figures["largest_stretch"] == LARGEST_STRETCH
    assert (caught.value.series, caught.value.record) == ("1.2.3", "100012/1")
