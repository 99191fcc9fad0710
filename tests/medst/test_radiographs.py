from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers.medst_cohort import ROI

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import LoadWindow, StudyViews, windows
from csfnet_bundle.medst.radiographs import radiograph_sequences


def test_every_view_stays_with_its_report_and_in_time(reports: Path) -> None:
    """The published code reorders frontals and texts, but not laterals."""
    load = LoadWindow(StudyViews(["frontal", "lateral"], "tiny", ROI, None))
    for window in windows(radiograph_sequences(reports), 3):
        record = load(window)
        numbers = [int(text.split()[2]) for text in record["texts"]]
        assert numbers == sorted(numbers)
        frontal, lateral = (record["views"][:, view].amax(dim=(1, 2, 3)) * 255 for view in (0, 1))
        torch.testing.assert_close(frontal, 2.0 * torch.tensor(numbers))
        there = record["view_present"][:, 1]
        torch.testing.assert_close(lateral[there], 2.0 * torch.tensor(numbers)[there] + 4)
        assert (lateral[~there] == 0).all()
        assert there.tolist() == [number % 4 != 0 for number in numbers]


def test_pictures_keep_their_proportions(reports: Path) -> None:
    study = radiograph_sequences(reports)[1].studies[2]
    picture = StudyViews(["frontal"], "tiny", ROI, None)(study)[0][0, 0]  # of 20 rows and 16 columns
    columns = (picture > 0).any(dim=0).nonzero()[:, 0]
    assert (columns.min(), columns.max()) == (5, 58)  # 16/20 of 64 pixels, and the smoothing at both edges
    assert (picture > 0).any(dim=1).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop(columns="report"), "report"),
        (lambda table: table.assign(date="2020-01-01"), "two studies"),
        (lambda table: table.assign(date="spring"), "row 2: date is 'spring', expected YYYY-MM-DD"),
        (lambda table: table.assign(date="03/04/2020"), "03/04/2020"),  # March or April
        (lambda table: table.assign(date="2020-03-04T10:00+01:00"), "without a zone"),
        (lambda table: table.assign(patient=" "), "row 2: patient is ' '"),
        (lambda table: table.assign(frontal="none.png"), "none.png"),
        (lambda table: table.assign(frontal="", lateral=""), "neither"),
        (lambda table: table.assign(report=" "), "blank report"),
        (lambda table: table.assign(section=["training", "test"] * (len(table) // 2)), "two sections"),
        (lambda table: table.assign(section="Test"), "row 2: section is 'Test', expected training, validation, test"),
    ],
)
def test_faulty_tables_are_refused(reports: Path, change: Callable[[pd.DataFrame], pd.DataFrame], words: str) -> None:
    path = reports.parent / "faulty.csv"
    change(pd.read_csv(reports, keep_default_na=False)).to_csv(path, index=False)
    with pytest.raises(BundleError, match=words):
        radiograph_sequences(path, "training" if "section" in words else None)


@pytest.mark.parametrize("spelling", ["{} ", " {}"])
def test_another_spelling_is_no_other_patient(reports: Path, spelling: str) -> None:
    """One patient in training and test would otherwise pass for two."""
    table = pd.read_csv(reports, keep_default_na=False, dtype=str)
    rows = table.index[table["patient"] == table["patient"][0]]
    path = reports.parent / "spelt.csv"
    table["section"] = "training"
    table.loc[rows[-1], ["patient", "section"]] = [spelling.format(table["patient"][0]), "test"]
    table.to_csv(path, index=False)
    with pytest.raises(BundleError, match=f"patient {table['patient'][0]} is in two sections"):
        radiograph_sequences(path, "training")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column 'patient'"),
        (
            "patient,date,report,frontal,lateral\np,2020-01-01,Erg\u00fcsse.,a.png,\n".encode("latin-1"),
            "no text in UTF-8",
        ),
        (b"patient,date,report,frontal,lateral\np,2020-01-01,A, b.,a.png,\n", "row 2 has not as many cells"),
        (b"patient,date,report,frontal,lateral\n", "no rows"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "reports.csv").write_bytes(content)
    with pytest.raises(BundleError, match=words):
        radiograph_sequences(tmp_path / "reports.csv")
