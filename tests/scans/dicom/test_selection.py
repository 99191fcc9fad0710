from __future__ import annotations

from pathlib import Path

import pytest
from helpers.series_edits import another
from helpers.synthetic_series import ORIENTATIONS, make_series, write_series
from pydicom.dataset import Dataset

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom import THINNEST_SOFT_MOST, Series, check_pair, scan_folder, select_pair, select_series


def study(folder: Path, *reconstructions: dict[str, object], seed: str = "t0", **elements: object) -> list[Series]:
    """Scan a study with one reconstruction for each dictionary of elements; `slices` says how many of 15 it has."""
    plain = make_series(seed=seed, **elements)
    for index, given in enumerate(reconstructions):
        given = dict(given)
        part: list[Dataset] = plain[: int(str(given.pop("slices", len(plain))))]
        write_series(folder, another(part, f"{seed}-{index}", **given), prefix=f"{index}_")
    return scan_folder(folder)


def chosen(series: list[Series]) -> tuple[str, str, int]:
    found = select_series(series)
    return found.kernel, f"{found.slice_thickness:g}", len(found.instances)


def kind(kernel: str, thickness: str = "1.5", slices: int = 15) -> dict[str, object]:
    return {"ConvolutionKernel": kernel, "SliceThickness": thickness, "slices": slices}


@pytest.mark.parametrize(
    ("reconstructions", "expected"),
    [
        ([kind("STANDARD", "2.5"), kind("BONE", "1.25")], ("BONE", "1.25", 15)),
        ([kind("BONE"), kind("STANDARD"), kind("LUNG")], ("STANDARD", "1.5", 15)),
        ([kind("B70f"), kind("B30f"), kind("B50f")], ("B30f", "1.5", 15)),
        ([kind("STANDARD", slices=9), kind("STANDARD", slices=12), kind("LUNG")], ("STANDARD", "1.5", 12)),
        ([kind("STANDARD", "1.249"), kind("BONE", "1.25")], ("STANDARD", "1.249", 15)),
        ([kind("STANDARD"), kind("BONE", "0.6", slices=2)], ("STANDARD", "1.5", 15)),
    ],
    ids=["thinnest", "soft", "soft Siemens", "most slices", "equal thickness", "a refused series is passed over"],
)
def test_the_rule(reconstructions: list[dict[str, object]], expected: tuple[str, str, int], tmp_path: Path) -> None:
    assert chosen(study(tmp_path, *reconstructions)) == expected


def test_the_choice_is_recorded(tmp_path: Path) -> None:
    found = select_series(study(tmp_path, kind("STANDARD"), kind("BONE")))
    (finding,) = [text for text in found.all_findings if "rule" in text]
    assert THINNEST_SOFT_MOST.name in finding
    assert finding.index("STANDARD") < finding.index("BONE")


def test_a_scan_passed_over_is_recorded(tmp_path: Path) -> None:
    study(tmp_path, kind("STANDARD"), kind("BONE", "1.25"))
    bone = sorted(tmp_path.glob("1_*"))
    bone[5].unlink()
    found = select_series(scan_folder(tmp_path))
    assert found.kernel == "STANDARD"
    (finding,) = [text for text in found.all_findings if "Passed over" in text]
    assert "BONE (SLICE_GAP)" in finding


def test_the_series_asked_for_is_taken(tmp_path: Path) -> None:
    series = study(tmp_path, kind("STANDARD"), kind("BONE"))
    for wanted in series:
        assert select_series(series, uid=wanted.uid).kernel == wanted.kernel


def test_an_unknown_series_is_refused_with_those_found(tmp_path: Path) -> None:
    series = study(tmp_path, kind("STANDARD"))
    with pytest.raises(Refusal) as caught:
        select_series(series, uid="1.2.3.4")
    assert caught.value.code is RefusalCode.SERIES_NOT_FOUND
    assert caught.value.figures["found"] == [series[0].uid]


@pytest.mark.parametrize("rule", [THINNEST_SOFT_MOST, None])
def test_without_a_better_one_the_candidates_are_named(rule: object, tmp_path: Path) -> None:
    series = study(tmp_path, kind("STANDARD"), kind("STANDARD"))
    with pytest.raises(Refusal) as caught:
        select_series(series, rule=rule)
    assert caught.value.code is RefusalCode.AMBIGUOUS_SERIES
    assert all(item.uid in str(caught.value) for item in series)


def test_without_a_rule_one_usable_series_is_taken(tmp_path: Path) -> None:
    assert select_series(study(tmp_path, kind("STANDARD"), kind("BONE", slices=2)), rule=None).kernel == "STANDARD"


LATER = {"seed": "t1", "StudyDate": "20000102"}


def test_a_pair_takes_the_same_kernel_where_there_is_a_choice(tmp_path: Path) -> None:
    t0 = study(tmp_path / "0", kind("LUNG"))
    t1 = study(tmp_path / "1", kind("STANDARD"), kind("LUNG"), **LATER)
    assert select_series(t1).kernel == "STANDARD"
    series0, series1 = select_pair(t0, t1)
    assert (series0.kernel, series1.kernel) == ("LUNG", "LUNG")
    assert any("rule" in text and "STANDARD" in text for text in series1.all_findings)


def test_a_pair_takes_the_same_sharpness_where_no_kernel_is_shared(tmp_path: Path) -> None:
    t0 = study(tmp_path / "0", kind("B50f"))
    t1 = study(tmp_path / "1", kind("STANDARD"), kind("BONE"), **LATER)
    series0, series1 = select_pair(t0, t1)
    assert (series0.kernel, series1.kernel) == ("B50f", "BONE")
    assert any("kernels differ: B50f at t0, BONE at t1" in text for text in series0.all_findings)


def test_thickness_counts_before_the_same_kernel(tmp_path: Path) -> None:
    t0 = study(tmp_path / "0", kind("LUNG"))
    t1 = study(tmp_path / "1", kind("STANDARD", "1"), kind("LUNG", "2.5"), **LATER)
    assert select_pair(t0, t1)[1].kernel == "STANDARD"


def test_a_pair_of_the_series_asked_for(tmp_path: Path) -> None:
    t0 = study(tmp_path / "0", kind("STANDARD"), kind("LUNG"))
    t1 = study(tmp_path / "1", kind("STANDARD"), kind("LUNG"), **LATER)
    lung = next(item for item in t0 if item.kernel == "LUNG")
    assert [item.kernel for item in select_pair(t0, t1)] == ["STANDARD", "STANDARD"]
    assert [item.kernel for item in select_pair(t0, t1, uid0=lung.uid)] == ["LUNG", "LUNG"]
    with pytest.raises(Refusal) as caught:
        select_pair(t0, t1, rule=None)
    assert caught.value.code is RefusalCode.AMBIGUOUS_SERIES


def one(folder: Path, **elements: object) -> Series:
    return select_series(scan_folder(write_series(folder, make_series(**elements))))


def test_a_pair_tells_its_days(tmp_path: Path) -> None:
    assert check_pair(one(tmp_path / "0"), one(tmp_path / "1", **LATER)) == 365


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({}, {**LATER, "PatientID": "someone else"}, "patients differ"),
        ({"PatientID": ""}, {**LATER, "PatientID": ""}, "no PatientID"),
        (LATER, {}, "not before"),
        ({}, {**LATER, "StudyDate": "19990102"}, "interval_days"),
        ({}, {**LATER, "StudyDate": ""}, "no valid study date"),
        ({}, {}, "same series"),
        ({"StudyInstanceUID": "1.2.3"}, {**LATER, "StudyInstanceUID": "1.2.3"}, "same study"),
        (
            {},
            {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.4", "StudyDate": "20000102"},
            "share 15 instances",
        ),
    ],
    ids=["patient", "no patient", "order", "one day", "no date", "same", "study", "instances"],
)
def test_what_is_no_pair_is_refused(
    first: dict[str, object], second: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(Refusal, match=words) as caught:
        check_pair(one(tmp_path / "0", **first), one(tmp_path / "1", **second))
    assert caught.value.code is RefusalCode.PAIR_MISMATCH


@pytest.mark.parametrize("date", ["", "19990102", "20000231"], ids=["removed", "made equal", "no date"])
def test_dates_that_say_nothing_are_replaced_by_the_interval(date: str, tmp_path: Path) -> None:
    t0, t1 = one(tmp_path / "0"), one(tmp_path / "1", seed="t1", StudyDate=date)
    assert check_pair(t0, t1, interval_days=370) == 370
    with pytest.raises(Refusal, match="interval_days"):
        check_pair(t0, t1)
    assert any(
        "do not tell which scan is earlier" in text for text in select_pair([t0], [t1], interval_days=370)[1].findings
    )


def test_dates_in_the_wrong_order_are_refused_whatever_the_interval(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not before"):
        check_pair(one(tmp_path / "0", **LATER), one(tmp_path / "1"), interval_days=370)


def test_axial_slices_come_before_thinner_ones_of_another_plane(tmp_path: Path) -> None:
    coronal = make_series(orientation=ORIENTATIONS["coronal"], seed="t0")
    write_series(tmp_path, another(coronal, "coronal", SliceThickness="0.6"), prefix="coronal")
    assert select_series(study(tmp_path, kind("STANDARD"))).slice_thickness == 1.5
    for path in tmp_path.glob("0_*"):
        path.unlink()
    assert select_series(scan_folder(tmp_path)).slice_thickness == 0.6


def test_a_computed_series_is_read_if_it_is_named(tmp_path: Path) -> None:
    mip = kind("STANDARD", "0.6") | {"ImageType": ["DERIVED", "SECONDARY", "MIP"], "SeriesDescription": "MIP 8 mm"}
    series = study(tmp_path, kind("STANDARD"), mip)
    chosen_series = select_series(series)
    assert chosen_series.slice_thickness == 1.5
    (other,) = chosen_series.others
    assert "MIP 8 mm" in other
    assert "projection" in other
    (computed,) = (item for item in series if item.slice_thickness == 0.6)
    asked = select_series(series, uid=computed.uid)
    assert asked.slice_thickness == 0.6
    assert any("a projection or average" in text for text in asked.all_findings)
    assert len(asked.others) == 1


def test_candidates_are_listed_with_what_tells_them_apart(tmp_path: Path) -> None:
    phases = [
        kind("STANDARD") | {"SeriesDescription": f"resp {n} %", "SeriesTime": f"1010{n:02}"} for n in range(10, 20)
    ]
    with pytest.raises(Refusal) as caught:
        select_series(study(tmp_path, *phases))
    assert all(f"resp {n} %" in str(caught.value) and f"1010{n}" in str(caught.value) for n in range(10, 20))
