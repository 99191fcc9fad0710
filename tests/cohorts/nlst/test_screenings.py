"""Pairs of neighbouring screens in a whole index."""

import csv
from importlib.util import find_spec

import pytest

from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.screenings import pair_screenings
from csfnet_bundle.core.errors import BundleError


def described(screen, kernel="STANDARD", thickness="2.5", kind="OPA"):
    return f"{screen},{kind},GE,LS16,{kernel},360,{thickness},120,40,0.1,1.5"


def add(archive, patient, screen, kernel="STANDARD", **changes):
    changes.setdefault("instanceCount", 150)
    thickness, kind = changes.pop("thickness", "2.5"), changes.pop("kind", "OPA")
    description = described(changes.pop("year", screen), kernel, thickness, kind)
    return archive.add(patient, screen, kernel=kernel, SeriesDescription=description, **changes)


def pairs(archive, tmp_path):
    counts = pair_screenings(open_index(archive.index), tmp_path / "out")
    with (tmp_path / "out" / "screenings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert counts.pairs == len(rows)
    return counts, rows


def test_the_same_kernel_is_preferred_then_the_soft_one(archive, tmp_path):
    bone0, soft0 = add(archive, "100001", 0, "BONE"), add(archive, "100001", 0)
    bone1, soft1 = add(archive, "100001", 1, "BONE"), add(archive, "100001", 1)
    bone2 = add(archive, "100001", 2, "BONE")
    counts, rows = pairs(archive, tmp_path)
    assert [(row["series0"], row["series1"]) for row in rows] == [(soft0, soft1), (bone1, bone2)]
    assert (counts.series, counts.patients, counts.same_kernel) == (5, 1, 2)
    assert bone0 not in (tmp_path / "out" / "screenings.csv").read_text()


def test_thin_series_are_preferred(archive, tmp_path):
    add(archive, "100001", 0, "B50f", thickness="2")
    thin = add(archive, "100001", 0, "B30f", thickness="1")
    add(archive, "100001", 1, "B50f", thickness="2")
    add(archive, "100001", 1, "B30f", thickness="1")
    _, rows = pairs(archive, tmp_path)
    assert [row["series0"] for row in rows] == [thin]


def test_a_missed_screen_is_passed_over(archive, tmp_path):
    add(archive, "100001", 0)
    add(archive, "100001", 2)
    add(archive, "100002", 1)
    counts, rows = pairs(archive, tmp_path)
    assert [(row["date0"], row["date1"]) for row in rows] == [("1999-01-02", "2001-01-02")]
    assert counts.paired_patients == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "OPL"},
        {"thickness": "5"},
        {"thickness": "na"},
        {"instanceCount": 2},
        {"year": 2},
        {"analysis_result_id": "lidc_annot_nlst501"},
        {"collection_id": "lidc_idri"},
        {"Modality": "SEG"},
        {"StudyDate": "2005-05-05"},
    ],
)
def test_what_is_no_whole_thin_axial_screen_makes_no_pair(archive, tmp_path, changes):
    add(archive, "100001", 0)
    add(archive, "100001", 1, **changes)
    assert pairs(archive, tmp_path)[1] == []


def test_an_index_without_nlst(archive, tmp_path):
    archive.add("100001", 0, collection_id="other")
    with pytest.raises(BundleError, match="no CT series of nlst"):
        pair_screenings(open_index(archive.index), tmp_path / "out")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(BundleError, match="cannot be read"):
        pair_screenings(open_index(tmp_path / "bad.parquet"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_spec("idc_index_data") is None, reason="the extra [nlst] is not installed")
def test_the_whole_index(tmp_path):
    counts = pair_screenings(open_index(), tmp_path)
    assert counts.series > 200_000
    assert counts.patients > 26_000
    assert counts.axial_series > counts.pairs > 40_000
    assert counts.same_kernel > 0.9 * counts.pairs
