"""What happens to wrong inputs: points in air and chest wall, two lesions, a nodule larger than the ROI, another click.

Runs on two LIDC-IDRI series and on follow-ups simulated from them, which it makes where they are not there yet. Run it
from the repository's root; the results go to docs/results/wrong_inputs.json, docs/wrong_inputs.md shows them::

    python scripts/wrong_inputs.py --series LIDC-IDRI-0001=DIR --series LIDC-IDRI-0003=DIR --nodules nodules.json \
        --work FOLDER
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import csfnet_bundle
from csfnet_bundle.core.alarm import alarms
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.scans.scan import open_scan

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "results" / "wrong_inputs.json"
INTERVAL_DAYS, DOUBLING_DAYS = 365, 300
LARGE, SMALL = ("LIDC-IDRI-0001", 0), ("LIDC-IDRI-0003", 3)
"""Patient and nodule in nodules.json: 33 mm and 15 mm."""
MOVED_MM = 4.0
OTHER = 2
"""Another nodule of the second patient."""


@dataclass(frozen=True)
class Followed:
    """A patient's series, the follow-up simulated from it, and a nodule's place in both, LPS mm."""

    t0: Path
    t1: Path
    point0: NDArray[np.float64]
    point1: NDArray[np.float64]


def main() -> int:
    """Make the table; return the exit status."""
    parser = series_parser(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated follow-ups")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    folders, nodules = read_series(options)
    large, small = (_followed(folders, nodules, options.work, *which) for which in (LARGE, SMALL))
    predictor = csfnet_bundle.load()
    rows = []
    for name, pair, point0, point1 in _cases(large, small, folders, nodules):
        rows.append({"input": name, **_outcome(predictor, pair, point0, point1)})
        print(json.dumps(rows[-1]), flush=True)
    document = {
        "what": "What predict says of wrong inputs, on two LIDC-IDRI series and follow-ups simulated from them.",
        "command": "python scripts/wrong_inputs.py",
        "weights_trained_on": predictor.checkpoint.trained_on,
        "rows": rows,
    }
    write_atomically(options.out, json.dumps(document, indent=1) + "\n")
    return 0


def _cases(
    large: Followed, small: Followed, folders: dict[str, Path], nodules: dict[str, Any]
) -> list[tuple[str, Followed, NDArray[np.float64], NDArray[np.float64]]]:
    scan = open_scan(small.t0)
    columns, rows, _ = scan.shape
    k = round(float((np.linalg.inv(scan.affine) @ [*small.point0, 1.0])[2]))
    air = (scan.affine @ [20, 20, k, 1.0])[:3]
    wall = (scan.affine @ [*_fat(scan.read_volume().array[:, :, k], columns, rows), k, 1.0])[:3]
    other = nodule_place(folders[SMALL[0]], nodules, SMALL[0], OTHER)
    up, left = np.array([0.0, 0.0, MOVED_MM]), np.array([MOVED_MM, 0.0, 0.0])
    return [
        ("a nodule of 15 mm, both points right", small, small.point0, small.point1),
        ("t0's point in air outside of the body", small, air, small.point1),
        ("both points in air outside of the body", small, air, air),
        ("t0's point in the fat of the chest wall", small, wall, small.point1),
        ("two different lesions", small, other, small.point1),
        ("a nodule of 33 mm, larger than the ROI", large, large.point0, large.point1),
        ("the same, both clicks 4 mm higher", large, large.point0 + up, large.point1 + up),
        ("a nodule of 15 mm, both clicks 4 mm to the left", small, small.point0 + left, small.point1 + left),
    ]


def _outcome(
    predictor: Predictor, pair: Followed, point0: NDArray[np.float64], point1: NDArray[np.float64]
) -> dict[str, Any]:
    try:
        made = predictor.predict(
            pair.t1,
            Point(tuple(point1), Space.LPS),
            t0=pair.t0,
            point0=Point(tuple(point0), Space.LPS),
            interval_days=INTERVAL_DAYS,
            check=True,
            measure=True,
        )
    except Refusal as refusal:
        return {"rejected": str(refusal.code), "probability": None, "band": None, "warnings": []}
    band = None if made.band is None else [round(value, 3) for value in made.band]
    return {
        "rejected": None,
        "probability": round(made.probability, 3),
        "band": band,
        "warnings": list(alarms(made.findings)),
    }


def _followed(folders: dict[str, Path], nodules: dict[str, Any], work: Path, patient: str, nodule: int) -> Followed:
    place = nodule_place(folders[patient], nodules, patient, nodule)
    out = work / f"{patient}_{nodule}"
    if not out.exists():
        words = ["--point=" + ",".join(f"{value:.3f}" for value in place), "--space", "LPS", "--out", str(out)]
        days = ["--doubling_time_days", str(DOUBLING_DAYS), "--interval_days", str(INTERVAL_DAYS)]
        command = [sys.executable, "-m", "csfnet_bundle", "simulate-followup", "--series_dir", str(folders[patient])]
        subprocess.run([*command, *words, *days], check=True)
    (record,) = json.loads((out / "datalist.json").read_text())["inference"]
    return Followed(folders[patient], out / "ct", place, np.array(record["t1"]["point"]))


def series_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that takes series and the readers' nodules in them."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", action="append", required=True, help="PATIENT=DIR, twice")
    parser.add_argument("--nodules", type=Path, required=True, help="the readers' nodules, JSON")
    return parser


def read_series(options: argparse.Namespace) -> tuple[dict[str, Path], dict[str, Any]]:
    """Return what :func:`series_parser` took: folders of series and the readers' nodules, both by patient."""
    folders = {name: Path(folder) for name, folder in (item.split("=", 1) for item in options.series)}
    return folders, json.loads(options.nodules.read_text())


def nodule_place(folder: Path, nodules: dict[str, Any], patient: str, nodule: int) -> NDArray[np.float64]:
    """Return the mean centre of the readers' outlines of a nodule, LPS mm."""
    centroids = nodules[patient]["nodules"][nodule]["centroid_row_col_slice"]
    row, column, k = np.mean(np.reshape(centroids, (-1, 3)), axis=0)
    return np.asarray((open_scan(folder).affine @ [column, row, k, 1.0])[:3])


def _fat(section: NDArray[np.float32], columns: int, rows: int) -> tuple[int, int]:
    """Return column and row of the first fat from the patient's right at half the height of a slice."""
    line = section[:, rows // 2]
    fat = np.flatnonzero((line > -130) & (line < -70))
    return int(fat[len(fat) // 8]) if len(fat) else columns // 8, rows // 2


if __name__ == "__main__":
    raise SystemExit(main())
