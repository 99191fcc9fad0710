"""Every failure of a PACS is one line, and no credential is in it."""

from base64 import b64encode

import pytest
from helpers.faulty_pacs import faulty_pacs
from helpers.orthanc import free_port
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.pacs import service as module
from csfnet_bundle.serving.pacs.access import Access
from csfnet_bundle.serving.pacs.service import ATTEMPTS, DicomWebService

SECRET = "very-secret"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_MS", 1)


def _service(url: str) -> DicomWebService:
    return DicomWebService(Access(url, SECRET, timeout=(0.5, 0.5)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (401, "does not accept the credentials (HTTP 401). Set CSFNET_PACS_TOKEN"),
        (403, "does not allow this user"),
        (404, "has nothing there (HTTP 404)"),
        (409, "rejects the objects (HTTP 409)"),
        (418, "does not do what was asked (HTTP 418)"),
        (500, "an error of its own (HTTP 500)"),
        (503, "an error of its own (HTTP 503)"),
        ("hang", "did not answer in time"),
        ("break", "cannot be reached, or broke off"),
        ("nonsense", "is no DICOMweb"),
    ],
)
def test_a_failure_is_one_line(kind: int | str, words: str) -> None:
    with faulty_pacs(kind) as (url, behaviour), pytest.raises(BundleError) as caught:
        _service(url).studies({"PatientID": "100042"})
    line = str(caught.value)
    assert words in line
    assert url in line
    assert "\n" not in line
    assert SECRET not in line
    again = kind in (503, "hang", "break")
    assert len(behaviour.requests) == (ATTEMPTS if again else 1)
    assert behaviour.requests[0][1]["Authorization"] == f"Bearer {SECRET}"


def test_a_user_and_a_password_go_as_basic_authentication_in_utf8() -> None:
    with faulty_pacs(401) as (url, behaviour), pytest.raises(BundleError) as caught:
        DicomWebService(Access(url, login=("reader", "pässword"))).studies({})
    assert behaviour.requests[0][1]["Authorization"] == f"Basic {b64encode('reader:pässword'.encode()).decode()}"
    assert "pässword" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BundleError, match="cannot be reached"):
        _service(f"http://127.0.0.1:{free_port()}/dicom-web").studies({})


@pytest.mark.parametrize(("kind", "words"), [(409, "rejects the objects"), ("break", "broke off")])
def test_storing_fails_in_one_line_too(kind: int | str, words: str) -> None:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    with faulty_pacs(kind) as (url, _), pytest.raises(BundleError, match=words):
        _service(url).store("1.2.3", [made])
