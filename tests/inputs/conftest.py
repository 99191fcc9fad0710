"""Fixtures of the ROI tests; the synthetic DICOM series are those of tests/helpers/synthetic_series.py."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan, load_datalist


@pytest.fixture
def nifti_pair(small_cohort: Path, tmp_path: Path) -> tuple[FollowUpPair, Path]:
    """A pair of NIfTI files of its own, to be changed, and the folder that its paths start from."""
    pair = load_datalist(small_cohort).section("training")[0]
    folder = tmp_path / "cohort"
    shutil.copytree(small_cohort / pair.subject, folder / pair.subject)
    return pair, folder


@pytest.fixture(scope="session")
def dicom_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of patient 100012: t0 with a soft and a sharp series, t1 with a sharp one alone; read only."""
    from helpers.dicom_pair import write_dicom_pair

    return write_dicom_pair(tmp_path_factory.mktemp("dicom_pair"))


@pytest.fixture
def dicom_pair() -> FollowUpPair:
    """The record of ``dicom_folders``."""
    point = Point((-4.0, 45.0, -140.0), Space.LPS)
    t0 = Scan("t0", point, date="19990102")
    return FollowUpPair("100012", "1", replace(t0, path="t1", date="20000102"), t0)
