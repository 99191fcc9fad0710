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
    from helpers.synthetic_series import make_series, write_series

    folder = tmp_path_factory.mktemp("dicom_pair")
    for name, kernel, date in (("t0", "STANDARD", "19990102"), ("t0", "BONE", "19990102"), ("t1", "BONE", "20000102")):
        uids = {"StudyInstanceUID": f"1.2.{date}", "FrameOfReferenceUID": f"1.3.{date}"}
        series = make_series(seed=f"{name} {kernel}", ConvolutionKernel=kernel, StudyDate=date, **uids)
        write_series(folder / name / kernel, series)
    return folder


@pytest.fixture
def dicom_pair() -> FollowUpPair:
    """The record of ``dicom_folders``."""
    point = Point((-4.0, 45.0, -140.0), Space.LPS)
    t0 = Scan("t0", point, date="19990102")
    return FollowUpPair("100012", "1", replace(t0, path="t1", date="20000102"), t0)
