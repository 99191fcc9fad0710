"""Tables of positions: NLSTx, LUNA25 and a table of one's own."""

import pytest
from helpers.nlst_files import LUNA25_HEADER, NLSTX_HEADER, luna25_row, nlstx_row, write_csv

from csfnet_bundle.cohorts.nlst.custom import read_custom
from csfnet_bundle.cohorts.nlst.luna25 import read_luna25
from csfnet_bundle.cohorts.nlst.nlstx import read_nlstx
from csfnet_bundle.cohorts.nlst.pairing import Screens, pair_sightings
from csfnet_bundle.cohorts.nlst.sighting import PixelBox
from csfnet_bundle.cohorts.nlst.stmixer import read_stmixer
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records.rows import TableFormat


def test_the_real_nlstx_table(shared_data):
    sightings = read_nlstx(shared_data / "nlst" / "nlstx_dataset.csv")
    assert len(sightings) == 1232
    assert len({sighting.subject for sighting in sightings}) == 455
    assert len({sighting.subject for sighting in sightings if sighting.label == 1}) == 207
    first = sightings[0]
    assert (first.subject, first.screen, first.date, first.row) == ("100288", 0, "19990102", 2)
    assert first.place == PixelBox(98, 200, 146, 17, 13)
    assert first.place.centre == (208, 152)


def test_luna25(make_table):
    (sighting,) = read_luna25(make_table("luna25", [luna25_row("100001", 1, label=1, lesion=3)]))
    assert (sighting.subject, sighting.nodule, sighting.screen, sighting.label) == ("100001", "3", 1, 1)
    assert sighting.place == Point((-6.4, 10.0, -30.0), Space.LPS)
    assert sighting.clinical == {"age": 62, "gender": 2}


def changed(header, row, column, value):
    cells = list(row)
    cells[header.index(column)] = value
    return cells


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("PID", "", "PID is ''"),
        ("PID", "../x", "PID is '../x'"),
        ("study_yr", 3, "study_yr is 3"),
        ("study_yr", "T0", "expected a number"),
        ("malignancy", "X", "expected one of B, M"),
        ("seriesinstanceuids", "1.2;rm", "expected a DICOM UID"),
        ("seriesinstanceuids", "1." + "2" * 64, "expected a DICOM UID"),
        ("Slice number", "9.5", "expected a whole number"),
        ("Bounding box width (pixels)", "0", "no area"),
        ("Bounding box x (pixels)", "-1", "starts before"),
        ("Bounding box x (pixels)", "inf", "finite"),
    ],
)
def test_a_bad_cell_of_nlstx_names_table_row_and_value(make_table, column, value, words):
    good = nlstx_row("100001", 0)
    with pytest.raises(BundleError) as error:
        read_nlstx(make_table("nlstx", [good, changed(NLSTX_HEADER, good, column, value)]))
    assert "nlstx.csv, row 3" in str(error.value)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("StudyDate", "20020102", "StudyDate is 20020102"),
        ("StudyDate", "1999", "AnnotationID|date"),
        ("NoduleID", "100002_1", "NoduleID is '100002_1'"),
        ("AnnotationID", "100001_1_20000102", "AnnotationID"),
        ("label", "2", "label is '2'"),
        ("Gender", "x", "Gender is 'x'"),
        ("CoordZ", "nan", "CoordZ"),
    ],
)
def test_a_bad_cell_of_luna25_is_refused(make_table, column, value, words):
    row = luna25_row("100001", 0)
    if column == "StudyDate" and len(value) == 8:
        row[LUNA25_HEADER.index("AnnotationID")] = f"100001_1_{value}"
    with pytest.raises(BundleError, match=words):
        read_luna25(make_table("luna25", [changed(LUNA25_HEADER, row, column, value)]))


HEADER = ["subject", "nodule", "date", "series_uid", "path", "x", "y", "z", "space", "label", "age", "diameter_mm"]
OWN_ROW = ["a", "n1", "20210601", "1.2.3", "", 1, 2, 3, "LPS", 1, 66, ""]


def test_a_table_of_ones_own(tmp_path):
    (tmp_path / "scan0").mkdir()
    rows = [
        ["a", "n1", "2020-05-01", "", "scan0", 1, 2, 3, "RAS", 1, 66, 7.5],
        ["a", "n1", "20210601", "1.2.3", "", 1, 2, 3, "LPS", 1, "", ""],
    ]
    first, second = read_custom(write_csv(tmp_path / "own.csv", HEADER, rows))
    assert first.place == Point((1, 2, 3), Space.RAS)
    assert first.path == str(tmp_path / "scan0")
    assert (first.date, first.screen, first.clinical, first.strata) == (
        "20200501", None, {"age": "66"}, {"diameter_mm": 7.5},
    )  # fmt: skip
    assert (second.path, second.series_uid, second.clinical) == (None, "1.2.3", {})


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("space", "MNI", "space is 'MNI'"),
        ("path", "nowhere", "'nowhere', which is not there"),
        ("series_uid", "", "neither series_uid nor path"),
        ("label", "perhaps", "label is 'perhaps'"),
        ("age", "400", "age = '400'"),
    ],
)
def test_a_bad_cell_of_ones_own_table(tmp_path, column, value, words):
    with pytest.raises(BundleError, match="row 2") as error:
        read_custom(write_csv(tmp_path / "own.csv", HEADER, [changed(HEADER, OWN_ROW, column, value)]))
    assert words in str(error.value)


@pytest.mark.parametrize("read", [read_nlstx, read_luna25, read_custom])
def test_no_table_no_column_no_rows_no_text(tmp_path, read):
    with pytest.raises(BundleError, match="there is no table"):
        read(tmp_path / "none.csv")
    with pytest.raises(BundleError, match="no column"):
        read(write_csv(tmp_path / "a.csv", ["x"], [[1]]))
    header = {read_nlstx: NLSTX_HEADER, read_luna25: LUNA25_HEADER, read_custom: HEADER}[read]
    with pytest.raises(BundleError, match="no rows"):
        read(write_csv(tmp_path / "b.csv", header, []))
    with pytest.raises(BundleError, match="not as many cells"):
        read(write_csv(tmp_path / "c.csv", header, [["1"]]))
    (tmp_path / "d.csv").write_bytes(b"\xfe\x80,\n")
    with pytest.raises(BundleError, match="no text in UTF-8"):
        read(tmp_path / "d.csv")


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-8-sig"), (",", "utf-16"), (";", "utf-16-le")]
)
def test_a_table_as_spreadsheets_write_it(tmp_path, delimiter, encoding):
    names = ["pid", *HEADER[1:]]
    row = dict(zip(HEADER, OWN_ROW, strict=True)) | {
        "date": "1999/01/02", "space": "lps", "label": "Malignant", "x": "1,5" if delimiter != "," else "1.5",
    }  # fmt: skip
    lines = [delimiter.join(names), delimiter.join(str(row[name]) for name in HEADER)]
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    (tmp_path / "own.csv").write_bytes((mark + "\r\n".join(lines) + "\r\n").encode(encoding))
    table = TableFormat({"subject": "pid"}, decimal_comma=delimiter != ",")
    (found,) = read_custom(tmp_path / "own.csv", table)
    assert found.place == Point((1.5, float(row["y"]), float(row["z"])), Space.LPS)
    assert (found.date, found.label, found.subject) == ("19990102", 1, str(row["subject"]))


def test_a_blank_label_is_unknown_and_study_year_and_day_are_read(tmp_path):
    header = [*HEADER, "study_year", "day"]
    row = changed(HEADER, OWN_ROW, "label", "")
    (found,) = read_custom(write_csv(tmp_path / "own.csv", header, [[*row, "1.0", "371"]]))
    assert (found.label, found.screen, found.day) == (None, 1, 371.0)
    (benign,) = read_custom(write_csv(tmp_path / "b.csv", HEADER, [changed(HEADER, OWN_ROW, "label", "0.0")]))
    assert benign.label == 0


def test_unknown_columns_are_told_and_nearly_known_ones_rejected(tmp_path, caplog):
    read_custom(write_csv(tmp_path / "a.csv", [*HEADER, "remark"], [[*OWN_ROW, "x"]]))
    assert "columns that nobody reads: remark" in caplog.text
    near = ["Age" if name == "age" else name for name in HEADER]
    with pytest.raises(BundleError, match="column 'Age', which is nearly 'age'"):
        read_custom(write_csv(tmp_path / "b.csv", near, [OWN_ROW]))
    with pytest.raises(BundleError, match="--columns says subject=pid"):
        read_custom(write_csv(tmp_path / "c.csv", HEADER, [OWN_ROW]), TableFormat({"subject": "pid"}))


def test_the_real_stmixer_tables(shared_data):
    """Diameters stand for growth here; the class follows the last two."""
    folder = shared_data / "nlst"
    plain = read_stmixer(folder / "stmixer_nodules.csv")
    assert (len(plain), len({sighting.subject for sighting in plain})) == (3714, 1041)
    assert all(sighting.label is None for sighting in plain)
    pairs, _ = pair_sightings(plain, Screens.NEIGHBOURING)
    assert (len(pairs), len({pair.subject for pair in pairs})) == (2415, 1020)
    grown, _ = pair_sightings(
        read_stmixer(folder / "stmixer_nodules.csv", folder / "stmixer_growth.csv"), Screens.NEIGHBOURING
    )
    known = [pair for pair in grown if pair.t1.label is not None]
    assert len({(pair.subject, pair.t1.nodule) for pair in known}) == len(known) > 1200
    growing = [pair for pair in known if pair.t1.label == 1]
    larger = [pair.t1.strata["diameter_mm"] > pair.t0.strata["diameter_mm"] for pair in growing]
    assert sum(larger) > 0.8 * len(growing) > 0


def test_a_bad_cell_of_stmixer(shared_data, tmp_path):
    lines = (shared_data / "nlst" / "stmixer_nodules.csv").read_text().splitlines()[:2]
    for old, new, words in ((",0,100012_0", ",3,100012_0", "study_year is 3"), ("100012_0_t0", "x", "id is 'x'")):
        (tmp_path / "bad.csv").write_text("\n".join([lines[0], lines[1].replace(old, new)]) + "\n")
        with pytest.raises(BundleError, match=words):
            read_stmixer(tmp_path / "bad.csv")
