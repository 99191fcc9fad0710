"""Real DICOM the whole way: a nodule of LIDC-IDRI, its follow-up simulated, the pair predicted."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pydicom
import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings, read_pair
from csfnet_bundle.records import load_datalist

MODEL = "models/model.pt"
ATTENTION_REACH_MM = 12.0
"""The middle of the attention's box is the nodule point, up to one cell of 8 mm and the resampling."""


@pytest.mark.long
@pytest.mark.parametrize(("patient", "nodule"), [("LIDC-IDRI-0001", 0), ("LIDC-IDRI-0003", 1)])
def test_a_real_series_goes_the_whole_way(
    patient: str,
    nodule: int,
    lidc_series: Callable[[str], Path],
    shared_data: Path,
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    described = json.loads((shared_data / "lidc_dicom" / "nodules.json").read_text())[patient]["nodules"][nodule]
    row, column, slice_number = described["centroid_row_col_slice"]
    folder = lidc_series(patient)
    followup = tmp_path / "followup"
    words = ["--series_dir", str(folder), f"--point={column},{row},{slice_number}", "--space", "voxel"]
    words += ["--doubling_time_days", "200", "--interval_days", "365", "--out", str(followup)]
    assert main(["simulate-followup", *words]) == 0

    (pair,) = load_datalist(followup).section("inference")
    assert pair.t0 is not None
    assert pair.subject == patient
    rois = read_pair(pair, followup, RoiSettings())
    inside = rois.array[:, 7:9, 31:33, 31:33]
    assert (inside > -500).all(), "the readers' centre is soft tissue in both scans"
    grown = (rois.array > -400).sum(axis=(1, 2, 3))
    assert grown[1] > grown[0]

    out = tmp_path / "prediction"
    scans = {"t0": folder, "t1": followup / pair.t1.path}
    points = {"point0": (column, row, slice_number), "point1": _voxel(pair.t1.point, scans["t1"])}
    words = [f"--{name}={path}" for name, path in scans.items()]
    words += [f"--{name}={','.join(map(str, point))}" for name, point in points.items()]
    words += ["--space=voxel", f"--out={out}", f"--checkpoint={repository / MODEL}", "--dicom_out"]
    assert main(["predict", *words]) == 0

    table = pd.read_csv(out / "predictions.csv")
    assert table["subject"].tolist() == [patient]
    assert 0 < table["probability"].iloc[0] < 1
    shown = capsys.readouterr().out
    assert f"{table['probability'].iloc[0]:.3f}" in shown
    assert "phantom" in shown
    attention = nib.load(next(out.glob("*_attention.nii.gz")))
    middle = attention.affine @ [*(np.array(attention.shape) / 2 - 0.5), 1]
    lps = middle[:3] * [-1, -1, 1]
    assert np.linalg.norm(lps - np.array(pair.t1.point.coordinates)) < ATTENTION_REACH_MM
    assert (out / f"{patient}_1.png").stat().st_size > 10_000

    later = pydicom.dcmread(next(path for path in scans["t1"].rglob("*") if path.is_file()), stop_before_pixels=True)
    report = pydicom.dcmread(next(out.glob("*_report.dcm")))
    outline = pydicom.dcmread(next(out.glob("*_outline_t1.dcm")))
    assert report.PatientID == outline.PatientID == patient
    assert report.StudyInstanceUID == outline.StudyInstanceUID == later.StudyInstanceUID
    assert outline.FrameOfReferenceUID == later.FrameOfReferenceUID
    assert not list(out.glob("*_attention.dcm")), "the map of the bundle's weights is flat"


def _voxel(point: Point, folder: Path) -> tuple[float, ...]:
    """Return the point of the simulated study as voxel indices, for predict takes one space for both points."""
    from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

    assert point.space is Space.LPS
    affine = read_volume(select_series(scan_folder(folder))).affine
    return tuple((np.linalg.inv(affine) @ [*point.coordinates, 1])[:3])
