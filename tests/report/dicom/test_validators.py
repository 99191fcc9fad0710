"""Independent programs judge every object: dciodvfy of dicom3tools, dsrdump of dcmtk, and an Orthanc that shows it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.orthanc import Orthanc, running_orthanc
from helpers.predicted_pair import Predicted
from pydicom import dcmread

NAMES = [
    "report",
    "outline_t0",
    "outline_t1",
    "attention",
    "capture_1",
    "capture_2",
    "capture_3",
    "document",
]


def test_the_list_is_complete(files: dict[str, Path]) -> None:
    assert sorted(files) == sorted(NAMES)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_dciodvfy_finds_no_error(name: str, files: dict[str, Path]) -> None:
    done = subprocess.run(["dciodvfy", str(files[name])], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert not [line for line in told.splitlines() if line.startswith("Error")], told
    assert re.search(r"^(Comprehensive3DSR|Segmentation|ParametricMap|SCImage|EncapsulatedPDF)", told, re.MULTILINE)


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dsrdump (Debian: dcmtk) is not installed")
def test_dsrdump_reads_the_report(files: dict[str, Path]) -> None:
    done = subprocess.run(["dsrdump", "+Pc", str(files["report"])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^[EW]: ", done.stderr, re.MULTILINE), done.stderr
    for words in ("research use only", "Volume doubling time", "cubic millimeter", "Referenced Segment", "SCOORD3D"):
        assert words in done.stdout


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory, predicted: Predicted, files: dict[str, Path]) -> Orthanc:
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        for scan in ("t0", "t1"):
            for path in sorted((predicted.scans / scan).iterdir()):
                server.store(path)
        for path in files.values():
            server.store(path)
        yield server


@pytest.mark.parametrize("name", ["attention", "capture_1", "capture_2", "capture_3"])
def test_orthanc_shows_it(name: str, orthanc: Orthanc, files: dict[str, Path]) -> None:
    made = dcmread(files[name], stop_before_pixels=True)
    place = f"studies/{made.StudyInstanceUID}/series/{made.SeriesInstanceUID}/instances/{made.SOPInstanceUID}"
    status, picture = orthanc.request(f"/dicom-web/{place}/rendered", accept="image/jpeg")
    assert (status, picture[:3]) == (200, b"\xff\xd8\xff")


def test_orthanc_shows_the_document(orthanc: Orthanc, files: dict[str, Path]) -> None:
    status, pdf = orthanc.request(f"/instances/{orthanc.store(files['document'])}/pdf")
    assert status == 200
    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["report", "outline_t0", "outline_t1"])
def test_orthanc_gives_back_what_it_does_not_draw(name: str, orthanc: Orthanc, files: dict[str, Path]) -> None:
    """Orthanc 1.10 draws no report, and no outline on images as narrow as these; the captures show both."""
    status, given = orthanc.request(f"/instances/{orthanc.store(files[name])}/file")
    assert status == 200
    assert given == files[name].read_bytes()
