from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.prediction.pair_list import read_pair_list, repeated
from csfnet_bundle.scans.dicom.image_point import ImagePoint


def _table(folder: Path, text: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(text)
    return path


def test_each_row_is_what_predict_takes(tmp_path: Path) -> None:
    table = _table(
        tmp_path,
        "T0,t1,point1,Space,image0,pixel0,Sex,smoking,age,subject,nodule,interval_days,export,patient\n"
        'a/t0,/b/t1.nii,"1,2,3",ras,,,female,current,63,1007.0,2,400,,\n'
        ",,4 5 6 LPS,,87,312 240,,,,,,,cd.zip,100012\n",
    )
    first, second = (row.request for row in read_pair_list(table))
    assert first is not None
    assert second is not None
    assert (first.t0, first.t1, first.export) == (tmp_path / "a/t0", Path("/b/t1.nii"), None)
    assert (first.point1, first.point0) == (Point((1, 2, 3), Space.RAS), None)
    assert first.clinical == {"gender": 2, "cigsmok": 1, "age": 63}
    assert (first.subject, first.nodule, first.interval_days) == ("1007", "2", 400)
    assert (second.point0, second.point1) == (ImagePoint(87, 312, 240), Point((4, 5, 6), Space.LPS))
    assert (second.export, second.patient, second.nodule, second.clinical) == (tmp_path / "cd.zip", "100012", "1", {})


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('x,"1,2",LPS,,', "row 2: point1 '1,2' is not three numbers"),
        ('x,"1,2,3",MNI,,', "row 2, point1: space 'MNI' is not known"),
        ("x,,LPS,,", "row 2: point1 is blank"),
        ('x,"1,2,3",LPS,old,', "row 2: age = 'old' is none of its values: a number of years"),
        ('x,"1,2,3",LPS,,soon', "row 2: interval_days is 'soon', expected a number"),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_read(tmp_path: Path, row: str, words: str) -> None:
    table = _table(tmp_path, f't1,point1,space,age,interval_days\n{row}\nx,"1,2,3",LPS,63,\n')
    bad, good = read_pair_list(table)
    with pytest.raises(BundleError, match=words):
        raise bad.error  # type: ignore[misc]
    assert bad.request is None
    assert good.error is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"t1,point1,space\nct,1,2,3,LPS\n", 'row 2 has not as many cells .* in quotes: "1,2,3"'),
        ("t1,point1,space\nm\u00fcller,1,LPS\n".encode("cp1252"), "no text in UTF-8: .* Save it as CSV UTF-8"),
    ],
)
def test_a_table_that_a_spreadsheet_wrote_otherwise_says_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(BundleError, match=words):
        read_pair_list(tmp_path / "pairs.csv")


def test_a_column_that_means_nothing_ends_it(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"a column 'piont1' that means nothing here. Is it point1?"):
        read_pair_list(_table(tmp_path, "t1,piont1\nx,1\n"))
    with pytest.raises(BundleError, match=r"neither a column point1 nor image1"):
        read_pair_list(_table(tmp_path, "t1,space\nx,LPS\n"))


def test_the_same_twice_is_done_once(tmp_path: Path) -> None:
    rows = repeated(read_pair_list(_table(tmp_path, 't1,point1,space\nx,"1,2,3",LPS\nx,1 2 3,lps\n')))
    assert rows[0].error is None
    assert "asks for the same as row 2" in str(rows[1].error)
