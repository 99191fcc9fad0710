"""A pair of synthetic DICOM studies and the command that predicts it."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from helpers.chest_series import make_chest, write_series

POINTS = {"t0": (8.0, 71.0, -255.0), "t1": (10.5, 69.25, -251.75)}
"""LPS mm, inside the synthetic chest."""
DATES = {"t0": "19990102", "t1": "20000103"}
DIAMETERS = {"t0": 8.0, "t1": 14.0}


@dataclass(frozen=True)
class Predicted:
    """The pair's slices as they were written, the weights, and the folder with the results."""

    slices: dict[str, list[Dataset]]
    scans: Path
    model: Path
    out: Path


def write_pair(folder: Path) -> dict[str, list[Dataset]]:
    """Write both studies into ``folder`` as t0 and t1; return their slices."""
    return {
        name: write_series(make_chest(DIAMETERS[name]), folder / name, StudyDate=DATES[name], PatientSex="F")
        for name in POINTS
    }


def predict_words(scans: Path, model: Path, out: Path) -> list[str]:
    points = {name: ",".join(str(value) for value in POINTS[name]) for name in POINTS}
    return [
        "predict",
        f"--t0={scans / 't0'}",
        f"--t1={scans / 't1'}",
        f"--point0={points['t0']}",
        f"--point1={points['t1']}",
        "--space=LPS",
        "--no_measure",
        f"--checkpoint={model}",
        f"--out={out}",
    ]
