"""Which prior is taken, and from headers alone which series."""

from pathlib import Path

import numpy as np
import pytest
from helpers.chest_series import make_chest, write_series
from pydicom import Dataset, dcmread

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import scan_folder
from csfnet_bundle.serving.pacs.priors import StudyFound, current_study, prior_studies, write_without_pixels


def _study(uid: str, date: str, description: str = "CT chest", patient: str = "7", issuer: str = "") -> Dataset:
    found = Dataset()
    found.StudyInstanceUID, found.StudyDate, found.StudyDescription = uid, date, description
    found.PatientID, found.IssuerOfPatientID = patient, issuer
    return found


class _Listing:
    """A PACS that lists these studies, whatever it is asked, as some do."""

    def __init__(self, *studies: Dataset, body_part: str = "") -> None:
        self._studies, self._body_part = studies, body_part

    def studies(self, filters: dict[str, str]) -> list[Dataset]:
        uid = filters.get("StudyInstanceUID")
        return [item for item in self._studies if uid in (None, item.StudyInstanceUID)]

    def series(self, study: str, filters: dict[str, str]) -> list[Dataset]:
        found = Dataset()
        found.SeriesInstanceUID, found.BodyPartExamined = f"{study}.1", self._body_part
        return [found]


CURRENT = StudyFound("1.9", "7", "", "20010101", "CT chest")


def _priors(*studies: Dataset, current: StudyFound = CURRENT, body_part: str = "", **options: str) -> list[str]:
    found = prior_studies(_Listing(*studies, body_part=body_part), current, **options)  # type: ignore[arg-type]
    return [study.uid for study in found]


def test_earlier_chests_of_the_same_patient_are_taken_the_latest_first() -> None:
    studies = [
        _study("1.1", "19990101"),
        _study("1.2", "20000101", "Thorax nativ"),
        _study("1.3", "20000601", "CT abdomen"),
        _study("1.4", "20000601", patient="8"),
        _study("1.5", "20010102"),
        _study("1.6", ""),
        _study("1.9", "20010101"),
    ]
    assert _priors(*studies) == ["1.2", "1.1"]


def test_the_body_part_of_a_series_tells_a_chest_too() -> None:
    assert _priors(_study("1.1", "19990101", "follow-up"), body_part="CHEST") == ["1.1"]
    with pytest.raises(BundleError, match="no earlier chest CT"):
        _priors(_study("1.1", "19990101", "follow-up"))
    assert _priors(_study("1.1", "19990101", "follow-up"), words="follow") == ["1.1"]


def test_another_issuers_patient_is_another_patient() -> None:
    current = StudyFound("1.9", "7", "here", "20010101", "")
    studies = [_study("1.1", "19990101", issuer="there"), _study("1.2", "19980101", issuer="here")]
    assert _priors(*studies, current=current) == ["1.2"]


def test_a_prior_that_is_named_is_taken() -> None:
    assert _priors(_study("1.1", "19990101"), _study("1.2", "20000101", "CT head"), uid="1.1") == ["1.1"]


def test_a_study_that_is_not_there_is_told() -> None:
    with pytest.raises(BundleError, match="has no such study"):
        current_study(_Listing(), "1.9")  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="names no patient"):
        current_study(_Listing(_study("1.9", "20010101", patient="")), "1.9")  # type: ignore[arg-type]


def test_the_reader_finds_the_same_series_in_headers_alone(tmp_path: Path) -> None:
    slices = write_series(make_chest(), tmp_path / "whole", StudyDate="20000101", ConvolutionKernel="B30f")
    for number, path in enumerate(sorted((tmp_path / "whole").iterdir())):
        header = dcmread(path, stop_before_pixels=True)
        write_without_pixels(Dataset.from_json(header.to_json()), tmp_path / "headers" / f"{number}.dcm")
    (whole,), (headers,) = scan_folder(tmp_path / "whole"), scan_folder(tmp_path / "headers")
    assert headers.refusal is None
    assert (headers.uid, headers.kernel, len(headers.instances)) == (whole.uid, whole.kernel, len(slices))
    np.testing.assert_allclose(headers.stack.affine(), whole.stack.affine())
    on_disk = sum(path.stat().st_blocks * 512 for path in (tmp_path / "headers").iterdir())
    assert on_disk < sum(path.stat().st_size for path in (tmp_path / "whole").iterdir())
