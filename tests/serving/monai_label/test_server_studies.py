"""Images of a server by id and path, and the prior in its PACS."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from helpers.chest_series import make_chest, write_series
from helpers.stand_in_monailabel import Datastore, install
from pydicom import Dataset, dcmread

from csfnet_bundle.scans.scan import open_scan
from csfnet_bundle.serving.monai_label.server_studies import DicomWebStudies, ServerStudies, _access
from csfnet_bundle.serving.monai_label.studies import MissingScanError
from csfnet_bundle.serving.pacs import service as service_module


def test_an_image_is_found_by_id_and_by_path(studies: Path) -> None:
    server = ServerStudies(Datastore(str(studies)), studies)
    assert [server.find_scan(name, "t0") for name in ("t0", "t0.nii", str(studies / "t0.nii"))] == ["t0.nii"] * 3
    for name in ("nowhere", "../outside", "list"):
        with pytest.raises(MissingScanError):
            server.find_scan(name, "t0")
    assert server.find_prior("t1.nii") is None


class Cache(Datastore):
    """A datastore before a PACS: a series comes as a folder of its files and a NIfTI file beside it."""

    def __init__(self, folder: Path, pacs: dict[str, Path]) -> None:
        super().__init__(str(folder))
        self.pacs = pacs

    def get_image_uri(self, image_id: str) -> str:
        place = Path(self._datastore_path, image_id)
        if not place.exists():
            place.symlink_to(self.pacs[image_id])
            Path(f"{place}.nii.gz").touch()
        return f"{place}.nii.gz"

    def name(self) -> str:
        return "http://127.0.0.1:8042/dicom-web"


@pytest.fixture
def series(tmp_path: Path) -> dict[str, list[Dataset]]:
    tags = {"StudyDescription": "CT chest", "ConvolutionKernel": "B30f"}
    return {
        name: write_series(make_chest(), tmp_path / "pacs" / name, StudyDate=date, **tags)
        for name, date in (("older", "19970101"), ("prior", "19990101"), ("current", "20000101"))
    }


@pytest.fixture
def server(series: dict[str, list[Dataset]], tmp_path: Path) -> DicomWebStudies:
    # Not by links, which lead out of the studies.
    cache = tmp_path / "cache"
    cache.mkdir()
    store = Cache(cache, {})
    for name, slices in series.items():
        uid = slices[0].SeriesInstanceUID
        (tmp_path / "pacs" / name).rename(cache / uid)
        (cache / f"{uid}.nii.gz").touch()
    return DicomWebStudies(store, cache)


def test_a_series_is_read_from_its_dicom_files(server: DicomWebStudies, series: dict[str, list[Dataset]]) -> None:
    uid = series["current"][0].SeriesInstanceUID
    assert server.find_scan(uid, "image") == uid
    assert server.find_scan(f"{uid}.nii.gz", "image") == uid, "so MONAI Label hands it on"
    assert server.find_scan(str(server.folder.folder / f"{uid}.nii.gz"), "image") == uid
    for name in ("1.2.3", "..", "../pacs", "1.2/../..", "a" * 80):
        with pytest.raises(MissingScanError):
            server.find_scan(name, "image")


def test_a_voxel_of_a_series_is_that_of_the_nifti_file_that_viewers_get(
    server: DicomWebStudies, series: dict[str, list[Dataset]]
) -> None:
    """MONAI Label makes it by SimpleITK from the names that GDCM sorts."""
    folder = server.folder.folder / series["current"][0].SeriesInstanceUID
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    scan = open_scan(folder)
    assert scan.shape == image.GetSize()
    for voxel in ((0, 0, 0), (3, 50, 7), (109, 103, 45)):
        np.testing.assert_allclose(
            (scan.affine @ [*voxel, 1])[:3], image.TransformIndexToPhysicalPoint(voxel), atol=1e-3
        )


class _Pacs:
    """Answers from files."""

    def __init__(self, folder: Path) -> None:
        self.slices: dict[str, list[Dataset]] = {}
        for place in folder.iterdir():
            if place.is_dir():
                headers = [dcmread(path, stop_before_pixels=True) for path in place.iterdir()]
                self.slices[headers[0].StudyInstanceUID] = headers

    def studies(self, filters: dict[str, str]) -> list[Dataset]:
        uid = filters.get("StudyInstanceUID")
        return [slices[0] for study, slices in self.slices.items() if uid in (None, study)]

    def series(self, study: str, filters: dict[str, str]) -> list[Dataset]:
        return [self.slices[study][0]]

    def headers(self, study: str, series: str) -> list[Dataset]:
        return [Dataset.from_json(header.to_json()) for header in self.slices[study]]


def test_the_latest_earlier_chest_of_the_patient_is_the_prior(
    server: DicomWebStudies, series: dict[str, list[Dataset]], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, MONAI_LABEL_DICOMWEB_USERNAME="", MONAI_LABEL_DICOMWEB_PASSWORD="")
    monkeypatch.setattr(service_module, "DicomWebService", lambda _: _Pacs(server.folder.folder))
    found = server.find_prior(series["current"][0].SeriesInstanceUID)
    assert found == series["prior"][0].SeriesInstanceUID


def test_the_pacs_gets_the_credentials_of_monai_label(server: DicomWebStudies, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CSFNET_PACS_USER", "CSFNET_PACS_PASSWORD", "CSFNET_PACS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    install(monkeypatch, MONAI_LABEL_DICOMWEB_USERNAME="label", MONAI_LABEL_DICOMWEB_PASSWORD="secret")
    access: Any = _access(server._datastore)
    assert (access.url, access.login) == ("http://127.0.0.1:8042/dicom-web", ("label", "secret"))
