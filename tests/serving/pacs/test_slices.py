"""Slices that two steps need are fetched once."""

from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import make_chest, write_series
from pydicom import Dataset

from csfnet_bundle.scans.dicom import scan_folder
from csfnet_bundle.serving.pacs.slices import _Slices, slices_around


class _Pacs:
    """Gives instances, and remembers which it was asked for."""

    def __init__(self, slices: list[Dataset]) -> None:
        self.instances = {item.SOPInstanceUID: item for item in slices}
        self.asked: list[str] = []

    def instance(self, study: str, series: str, instance: str, label: str) -> Dataset:
        self.asked.append(instance)
        return self.instances[instance]


def test_a_slice_of_both_steps_is_fetched_once_and_read_in_both(tmp_path: Path) -> None:
    chest = make_chest()
    pacs = _Pacs(write_series(chest, tmp_path / "pacs", StudyDate="20000101"))
    (series,) = scan_folder(tmp_path / "pacs")
    slices = _Slices(pacs)  # type: ignore[arg-type]
    thinned = list(range(0, 46, 2))
    slices.fetch(series, thinned, tmp_path / "thinned", "thinned")
    place = (chest.affine @ [55, 52, 20, 1])[:3]
    block = slices_around(series, place, 12.0)
    scan = slices.fetch(series, block, tmp_path / "block", "block")
    assert len(pacs.asked) == len(set(pacs.asked)) == len({*thinned, *block})
    assert slices.counts == {"thinned": (23, 46), "block": (len(set(block) - set(thinned)), 46)}
    np.testing.assert_array_equal(scan.read_volume().array, np.rint(chest.array[:, :, block[0] : block[-1] + 1]))


def test_two_series_do_not_share_slices(tmp_path: Path) -> None:
    made = {name: write_series(make_chest(seed=seed), tmp_path / name) for seed, name in enumerate(("a", "b"))}
    pacs = _Pacs([*made["a"], *made["b"]])
    slices = _Slices(pacs)  # type: ignore[arg-type]
    for name in made:
        (series,) = scan_folder(tmp_path / name)
        slices.fetch(series, range(6), tmp_path / f"{name}_got", name)
    assert len(pacs.asked) == 12


@pytest.mark.parametrize(("k", "first", "last"), [(20, 15, 25), (0, 0, 5), (45, 40, 45)])
def test_around_a_place_lie_at_least_five_slices_on_each_side(tmp_path: Path, k: int, first: int, last: int) -> None:
    chest = make_chest()
    write_series(chest, tmp_path / "pacs")
    (series,) = scan_folder(tmp_path / "pacs")
    found = slices_around(series, (chest.affine @ [55, 52, k, 1])[:3], 1.0)
    assert (found[0], found[-1]) == (first, last)
