"""What is written reads back the same, with nothing for a strict reader to complain about."""

import re

import numpy as np
import pydicom
import pytest
from pydicom import config

from csfnet_bundle.cohorts.phantom.dicom_writer import PHANTOM_COMMENT, series_description, write_study
from csfnet_bundle.cohorts.phantom.render import render_scan
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

SUBJECT = Subject(0, 2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    scan = render_scan(SUBJECT, 1)
    scanner = scan.acquisition.scanner.with_other_kernel()
    second = render_scan(SUBJECT, 1, scanner=scanner)
    return folder, scan, write_study(folder, SUBJECT, 1, scan, (scanner, second))


def test_reader_gets_back_voxels_and_places(study):
    folder, scan, written = study
    volume = read_volume(select_series(scan_folder(folder), uid=written.series_uid))
    np.testing.assert_array_equal(volume.array, scan.volume.array)
    np.testing.assert_allclose(volume.affine, scan.affine, atol=1e-9)


def test_every_file_is_valid_to_a_strict_reader(study, monkeypatch):
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    folder, _, _ = study
    files = sorted(folder.rglob("*.dcm"))
    headers = [pydicom.dcmread(file) for file in files]
    for header in headers:
        header.decode()
        assert [element.value for element in header.iterall()]
        assert header.PatientID == SUBJECT.patient_id
        assert header.StudyDate == "20000102"
        assert header.ImageType[-1] == "PHANTOM"
        assert header.QualityControlImage == "YES"
        assert header.ImageComments == PHANTOM_COMMENT
        assert header.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        assert pydicom.uid.UID(header.SOPInstanceUID).is_valid
    assert len({header.SOPInstanceUID for header in headers}) == len(files)
    assert len({header.StudyInstanceUID for header in headers}) == 1
    assert len({header.FrameOfReferenceUID for header in headers}) == 1


def test_exam_has_a_localizer_and_two_reconstructions(study):
    folder, scan, _ = study
    count = {path.name: len(list(path.iterdir())) for path in folder.iterdir()}
    assert count == {"1_localizer": 1, "2_ct": len(scan.hu), "3_ct": len(scan.hu)}
    localizer = pydicom.dcmread(folder / "1_localizer" / "0001.dcm")
    assert localizer.ImageType[2] == "LOCALIZER"
    assert localizer.pixel_array.shape == (len(scan.hu), 192)


def test_series_description_has_nlsts_codes(study):
    _, scan, _ = study
    description = series_description(1, scan, scan.acquisition.scanner)
    assert re.fullmatch(r"1,OPA,(GE|SE|TO),[A-Z0-9]+,\w+,\d+,(1\.25|2|2\.5),1[24]0,\d+,na,na", description)
    assert ",OPL," in series_description(1, scan, scan.acquisition.scanner, "OPL")


def test_instances_count_from_the_apex_and_name_the_nodules_slice(study):
    _, scan, written = study
    header = pydicom.dcmread(written.folder / f"{written.instance_of_nodule:04d}.dcm")
    assert abs(header.ImagePositionPatient[2] - scan.nodule[2]) <= scan.affine[2, 2] / 2
    first = pydicom.dcmread(written.folder / "0001.dcm")
    assert first.InstanceNumber == 1
    assert first.ImagePositionPatient[2] == pytest.approx(scan.affine[2, 3] + (len(scan.hu) - 1) * scan.affine[2, 2])
