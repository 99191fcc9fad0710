import json
from pathlib import Path

import pytest
from helpers.check_report import report
from helpers.dicom_pair import write_dicom_pair
from helpers.exports import zip_folder
from helpers.synthetic_series import make_series, pixels, write_series

from csfnet_bundle.commands import main
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

Output = pytest.CaptureFixture[str]


def test_a_good_series_can_be_used(tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path, make_series())
    assert main(["check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for shown in ("100012", "1999-01-02", "15", "0.9 x 0.8 x 1.5", "STANDARD", "chosen", "can be used", "NOT_HU"):
        assert shown in out


def test_json_has_one_series_with_its_headers(tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path, make_series())
    (tmp_path / "notes.txt").write_text("no slice")
    status, document = report(tmp_path, capsys)
    assert status == 0
    assert document["usable"] is True
    assert document["judged_by"] == "headers"
    assert document["only_pixels_can_find"] == ["DUPLICATE_POSITION", "NOT_HU", "UNREADABLE_SLICE"]
    ((series,),) = (study["series"] for study in document["studies"])
    assert series["verdict"] == "chosen"
    assert series["spacing_mm"] == pytest.approx([0.9, 0.8, 1.5])
    assert (series["slices"], series["slice_thickness_mm"], series["patient"]) == (15, 1.5, "100012")
    assert any("1 no DICOM" in finding for finding in series["findings"])


def test_what_is_said_of_a_folder_is_shown_once_for_all_its_series(tmp_path: Path, capsys: Output) -> None:
    for number in range(2):
        write_series(tmp_path / str(number), make_series(seed=str(number)))
    (tmp_path / "notes.txt").write_text("no slice")
    main(["check", str(tmp_path)])
    assert capsys.readouterr().out.count("1 no DICOM") == 1


@pytest.mark.parametrize("faulty", [False, True])
def test_an_archive_is_named_with_the_path_within(faulty: bool, tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path / "cd" / "scan", make_series())
    if faulty:
        for file in (tmp_path / "cd" / "scan").iterdir():
            file.write_bytes(file.read_bytes()[:700])
    archive = zip_folder(tmp_path / "cd", tmp_path / "x.zip")
    status, document = report(archive, capsys)
    assert status == int(faulty)
    assert main(["check", str(archive)]) == int(faulty)
    shown = capsys.readouterr().out
    assert document["path"] == str(archive)
    assert f"{archive}: can" in shown.casefold().replace("cannot", "can").replace("\n", " ")
    assert "csfnet-" not in shown + json.dumps(document)


def test_a_gap_is_refused_with_its_figures(tmp_path: Path, capsys: Output) -> None:
    series = make_series()
    del series[7]
    write_series(tmp_path, series)
    status, document = report(tmp_path, capsys)
    assert status == 1
    assert document["refused"] == {"SLICE_GAP": 1}
    found = document["studies"][0]["series"][0]
    assert (found["verdict"], found["code"]) == ("refused", "SLICE_GAP")
    assert found["figures"]["gaps_mm"]
    assert main(["check", str(tmp_path)]) == 1
    assert "CANNOT be used" in capsys.readouterr().out


def test_a_refused_series_beside_a_good_one_does_no_harm(tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path / "good", make_series())
    broken = make_series(seed="1")
    for data in broken:
        data.StudyInstanceUID = make_series()[0].StudyInstanceUID
    write_series(tmp_path / "broken", [broken[0], *broken[2:]])
    status, document = report(tmp_path, capsys)
    assert status == 0
    assert sorted(item["verdict"] for item in document["studies"][0]["series"]) == ["chosen", "refused"]


def test_every_study_of_a_folder_must_be_usable(tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path / "t0", make_series())
    write_series(tmp_path / "t1", make_series(seed="1", StudyDate="20000102"))
    assert report(tmp_path, capsys)[0] == 0
    write_series(tmp_path / "t2", make_series(seed="2", StudyDate="20010102")[:2])
    status, document = report(tmp_path, capsys)
    assert status == 1
    assert document["refused"] == {"TOO_FEW_SLICES": 1}


def test_two_equally_good_series_are_ambiguous(tmp_path: Path, capsys: Output) -> None:
    for seed in "01":
        series = make_series(seed=seed)
        for data in series:
            data.StudyInstanceUID = "1.2.3"
        write_series(tmp_path / seed, series)
    status, document = report(tmp_path, capsys)
    assert status == 1
    assert document["refused"] == {"AMBIGUOUS_SERIES": 1}
    assert main(["check", str(tmp_path)]) == 1
    assert "AMBIGUOUS_SERIES" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_nothing_to_check_is_no_traceback(name: str, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "empty").mkdir()
    status, document = report(tmp_path / name, capsys)
    assert status == 1
    assert document["usable"] is False
    assert document["summary"]


def test_what_a_file_says_is_no_markup(tmp_path: Path, capsys: Output) -> None:
    write_series(tmp_path, make_series(ConvolutionKernel="[red]B30f[/]"))
    assert main(["check", str(tmp_path)]) == 0
    assert "[red]B30f[/]" in capsys.readouterr().out


def test_only_pixels_show_values_that_are_no_hu(tmp_path: Path, capsys: Output) -> None:
    series = make_series()
    for data in series:
        data.PixelData = (pixels(data) // 2 + 600).tobytes()
    write_series(tmp_path, series)
    assert report(tmp_path, capsys)[0] == 0
    status, document = report(tmp_path, capsys, "--pixels")
    assert status == 1
    assert document["refused"] == {"NOT_HU": 1}
    assert document["judged_by"] == "pixels"


def test_only_pixels_show_copies_that_differ(tmp_path: Path, capsys: Output) -> None:
    series = make_series()
    write_series(tmp_path, series)
    series[4].PixelData = (pixels(series[4]) + 1).tobytes()
    write_series(tmp_path, [series[4]], prefix="copy")
    assert report(tmp_path, capsys)[0] == 0
    status, document = report(tmp_path, capsys, "--pixels")
    assert (status, document["refused"]) == (1, {"DUPLICATE_POSITION": 1})


def test_weights_are_checked_against_only_with_pixels(tmp_path: Path, capsys: Output) -> None:
    assert main(["check", str(tmp_path), "--checkpoint", "model.pt"]) == 1
    assert "Add --pixels" in capsys.readouterr().err


def test_the_usable_records_make_a_list_of_their_own(tmp_path: Path, capsys: Output) -> None:
    """Paths are found from the new folder, lists keep their pairs, and the flow says what was left out and why."""
    old, new = tmp_path / "old", tmp_path / "deep" / "new"
    write_dicom_pair(old)
    point = Point((-4.0, 45.0, -140.0), Space.LPS)
    sound = FollowUpPair("100012", "1", Scan("t1", point, date="20000102"), Scan("t0", point, date="19990102"))
    outside = Point((900.0, 0.0, 0.0), Space.LPS)
    faulty = FollowUpPair("100012", "2", Scan("t1", outside, date="20000102"), Scan("t0", point, date="19990102"))
    save_datalist(Datalist(old, {"inference": (sound, faulty)}, {"name": "two"}))
    assert main(["check", str(old), "--usable", str(old)]) == 1
    assert "datalist.json exists already. Name another by --usable" in capsys.readouterr().err
    assert main(["check", str(old), "--usable", str(new)]) == 0
    assert "1 of 2 records" in capsys.readouterr().err
    status, document = report(new, capsys)
    assert (status, [record["name"] for record in document["records"]]) == (0, ["100012/1"])
    left_out, kept = json.loads((new / "flow.json").read_text())
    assert "POINT_OUTSIDE" in left_out["what"]
    assert (left_out["count"], kept["count"], left_out["patients"]) == (1, 1, 1)


def test_a_store_is_checked_and_purged(tmp_path: Path, capsys: Output) -> None:
    write_dicom_pair(tmp_path)
    point = Point((-4.0, 45.0, -140.0), Space.LPS)
    pair = FollowUpPair("100012", "1", Scan("t1", point, date="20000102"), Scan("t0", point, date="19990102"))
    cache = RoiCache(tmp_path / "rois", RoiSettings(size=(2, 4, 4)))
    cache.read(pair, tmp_path)
    cache.store.close_writer()
    status, document = report(tmp_path / "rois", capsys)
    assert (status, document["kind"], document["pairs"]) == (0, "ROI store", 1)
    (file,) = (tmp_path / "rois").glob("*.values")
    file.write_bytes(file.read_bytes()[:-1])
    assert main(["check", str(tmp_path / "rois")]) == 1
    assert "damaged: 100012/1" in capsys.readouterr().out
    assert main(["purge", str(tmp_path / "rois"), "--subject", "100012"]) == 0
    assert main(["purge", str(tmp_path / "rois"), "--subject", "100012"]) == 1
    assert sorted(path.name for path in (tmp_path / "rois").iterdir()) == ["rois.json"]
