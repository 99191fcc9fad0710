from __future__ import annotations

from pathlib import Path

import pytest
from helpers.reader_cases import another
from helpers.synthetic_series import make_series, write_series
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
    assert any("t0 and t1 have the kernel LUNG" in text for text in series1.all_findings)
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
        ({}, {**LATER, "StudyDate": "19990102"}, "not before"),
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
