"""From a study in an Orthanc to the stored and shown result."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from helpers.chest_series import write_series
from helpers.drawn_spheres import measuring_by_threshold
from helpers.orthanc import Orthanc, running_orthanc
from helpers.tiny_checkpoint import save_tiny_checkpoint
from helpers.whole_chest import Move, make_whole_chest, moved_chest
from pydicom import Dataset, dcmread

from csfnet_bundle.commands import main

POINT0 = (70.0, 10.0, 5.0)
PLACE_TOLERANCE_MM = 3.0


@dataclass(frozen=True)
class Stored:
    """An Orthanc with a patient's two studies."""

    orthanc: Orthanc
    slices: dict[str, list[Dataset]]
    point1: tuple[float, float, float]
    model: Path
    out: Path

    def words(self, out: Path, *more: str) -> list[str]:
        point = ",".join(f"{value:.2f}" for value in self.point1)
        study = self.slices["t1"][0].StudyInstanceUID
        words = ["follow-up", f"--pacs={self.orthanc.dicom_web}", f"--study={study}", f"--point1={point}"]
        return [*words, f"--checkpoint={self.model}", f"--out={out}", *more]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("pacs")
    move = Move()
    earlier = make_whole_chest(nodule=POINT0)
    later = moved_chest(earlier, move)
    tags = {"StudyDescription": "CT chest", "PatientSex": "F"}
    slices = {
        "t0": write_series(earlier, folder / "t0", StudyDate="19990102", **tags),
        "t1": write_series(later, folder / "t1", StudyDate="20000103", **tags),
    }
    x, y, z = (float(value) for value in move.forward(np.array(POINT0)))
    with running_orthanc(folder) as orthanc:
        for name in slices:
            for path in sorted((folder / name).iterdir()):
                orthanc.store(path)
        yield Stored(orthanc, slices, (x, y, z), save_tiny_checkpoint(folder / "model.pt"), folder / "out")


@pytest.fixture(scope="module")
def first(stored: Stored) -> Path:
    with measuring_by_threshold():
        assert main(stored.words(stored.out, "--store")) == 0
    return stored.out


def _listed(stored: Stored) -> dict[str, str]:
    """SOPInstanceUID and series description of what lies in the study of t1 beside the scan, over DICOMweb."""
    study = stored.slices["t1"][0].StudyInstanceUID
    url = f"{stored.orthanc.dicom_web}/studies/{study}/instances?includefield=SeriesDescription"
    with urlopen(Request(url, headers={"Accept": "application/dicom+json"})) as answer:
        found = [Dataset.from_json(item) for item in json.load(answer)]
    scan = {item.SOPInstanceUID for item in stored.slices["t1"]}
    return {item.SOPInstanceUID: item.SeriesInstanceUID for item in found if item.SOPInstanceUID not in scan}


def test_the_prior_is_found_and_the_nodule_in_it(first: Path, stored: Stored) -> None:
    report = dcmread(next(first.glob("*_report.dcm")))
    points = {}
    for group in report.ContentSequence[-1].ContentSequence:
        when = next(
            item.TextValue
            for item in group.ContentSequence
            if item.get("ValueType") == "TEXT" and item.ConceptNameCodeSequence[0].CodeMeaning == "Time Point"
        )
        for item in group.ContentSequence:
            if item.ValueType == "SCOORD3D":
                points[when] = np.array(item.GraphicData)
    np.testing.assert_allclose(points["t0"], POINT0, atol=PLACE_TOLERANCE_MM)
    assert "Matched automatically, not confirmed" in str(report)


def test_the_result_lies_in_the_study_and_is_shown(first: Path, stored: Stored) -> None:
    made = {path.name: dcmread(path, stop_before_pixels=True) for path in first.glob("*.dcm")}
    assert set(_listed(stored)) == {item.SOPInstanceUID for item in made.values()}
    shown = [item for name, item in made.items() if "capture" in name]
    assert shown
    for item in shown:
        place = f"studies/{item.StudyInstanceUID}/series/{item.SeriesInstanceUID}/instances/{item.SOPInstanceUID}"
        assert stored.orthanc.request(f"/dicom-web/{place}/rendered", accept="image/jpeg")[0] == 200


@pytest.mark.usefixtures("quick_measuring")
def test_a_second_run_stores_nothing(
    first: Path, stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _listed(stored)
    assert main(stored.words(tmp_path / "again", "--store")) == 0
    told = capsys.readouterr().out
    assert f"stored: 0 objects; there already: {len(before)}" in told
    assert "t0, block" in told
    assert _listed(stored) == before


def test_no_slice_stays_behind_and_no_table_points_at_one(first: Path) -> None:
    assert not (first / "datalist.json").exists()
    assert list(first.glob("*.html"))


def test_a_pacs_that_goes_away_leaves_nothing(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = stored.words(tmp_path / "out", "--store")
    words[1] = "--pacs=http://127.0.0.1:9/dicom-web"
    monkeypatch.setattr("csfnet_bundle.serving.pacs.service.FIRST_WAIT_MS", 1)
    assert main(words) == 1
    error = capsys.readouterr().err
    assert "cannot be reached" in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_study_is_told(stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = stored.words(tmp_path / "out")
    words[2] = "--study=1.2.3.4"
    assert main(words) == 1
    assert "has no such study" in capsys.readouterr().err
