"""Nodules seen once get a pair where the patient has an earlier scan, its place found by matching."""

from pathlib import Path

import numpy as np
import pytest
from helpers.nlst_files import write_csv
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.cohorts.nlst.assembly import assemble
from csfnet_bundle.cohorts.nlst.carrying import carry_back
from csfnet_bundle.cohorts.nlst.choice import choose_pairs
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.cohorts.nlst.pairing import Screens
from csfnet_bundle.cohorts.nlst.sighting import Sighting
from csfnet_bundle.geometry import Point, Space, Volume

NODULE, OTHER = (-62.0, 12.0, 25.0), (70.0, -20.0, 40.0)
HEADER = ["subject", "nodule", "date", "path", "x", "y", "z", "space", "label"]


def sighting(nodule: str, date: str, row: int, subject: str = "a", uid: str = "") -> Sighting:
    return Sighting(subject, nodule, uid or f"1.2.{date}", Point((1.0, 2.0, 3.0), Space.LPS), 1, date, row)


def test_the_last_earlier_scan_is_taken_or_every_one() -> None:
    seen = [sighting("n1", date, row) for row, date in enumerate(("20100101", "20110101", "20130101"), 2)]
    new, old = sighting("n2", "20120101", 6), sighting("n3", "20100101", 7)
    stranger = sighting("n1", "20120101", 8, subject="b")
    single = [(one, one.record) for one in (new, old, stranger)]
    pairs, others = carry_back(single, [*seen, new, old, stranger], {}, Screens.NEIGHBOURING)
    assert [(pair.subject, pair.nodule, pair.t0.place) for pair in pairs] == [("a", "n2-20110101-20120101", None)]
    assert pairs[0].t0.series_uid == "1.2.20110101"
    assert pairs[0].t1 == new
    assert [name for _, name in others] == [old.record, stranger.record]
    pairs, _ = carry_back(single, [*seen, new, old, stranger], {}, Screens.ANY)
    assert [pair.t0.date for pair in pairs] == ["20100101", "20110101"]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> CohortOptions:
    folder = tmp_path_factory.mktemp("carried")
    later, move = make_whole_chest(nodule=NODULE), Move()
    prior = moved_chest(later, move)
    write_nifti(later, folder / "t1.nii")
    write_nifti(prior, folder / "t0.nii")
    write_nifti(Volume(prior.array[20:60, 40:80, 40:70], prior.affine), folder / "cropped.nii")
    other0 = move.forward(np.array(OTHER)).round(2)
    rows = [
        ["a", "n1", "20200101", "t0.nii", *other0, "LPS", 0],
        ["a", "n1", "20210101", "t1.nii", *OTHER, "LPS", 0],
        ["a", "n2", "20210101", "t1.nii", *NODULE, "LPS", 1],
        ["a", "n3", "20200101", "t0.nii", *other0, "LPS", 0],
        ["b", "n1", "20200101", "cropped.nii", 0, 0, 0, "LPS", 0],
        ["b", "n2", "20210101", "t1.nii", *NODULE, "LPS", 1],
    ]
    return CohortOptions("csv", write_csv(folder / "own.csv", HEADER, rows), carry_nodules_back=True)


def test_a_carried_nodule_has_a_matched_point_and_what_is_not_found_is_counted(options: CohortOptions) -> None:
    choice = choose_pairs(options)
    assert [pair.name for pair in choice.pairs] == [
        "a/n1-20200101-20210101", "a/n2-20200101-20210101", "b/n2-20200101-20210101",
    ]  # fmt: skip
    folder = options.table.parent
    assembled = assemble(choice, folder, lambda one: Path(str(one.path)))
    given, carried = (one.pair for one in assembled)
    assert given.t0 is not None
    assert given.t0.point_source is None
    assert carried.t0 is not None
    assert (carried.nodule, carried.label, carried.t0.point_source) == ("n2-20200101-20210101", 1, "matched")
    true = Move().forward(np.array(NODULE))
    assert np.linalg.norm(np.array(carried.t0.known_point.coordinates) - true) < 1.5
    assert carried.interval_days == 366
    steps = {step.what: step for step in choice.flow.steps}
    assert steps["nodules seen once, carried back to an earlier scan of the patient"].count == 2
    unseen = steps["nodules seen once, without an earlier scan of the patient in the table"]
    assert (unseen.count, unseen.left_out) == (2, True)
    lost = steps["carried back, but not found for sure in the earlier scan"]
    assert (lost.count, lost.left_out) == (1, True)
    assert "NO_LUNGS" in lost.records[0]
    assert steps["carried back and kept: the earlier scan shows nothing like the nodule"].count == 0


def test_by_default_nothing_is_carried(options: CohortOptions) -> None:
    choice = choose_pairs(CohortOptions("csv", options.table))
    assert [pair.name for pair in choice.pairs] == ["a/n1-20200101-20210101"]
    assert {step.what: step.count for step in choice.flow.steps}["nodules seen once"] == 4
