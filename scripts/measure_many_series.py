"""Measure that the cost of many series grows with their number and no faster.

Makes cohorts of small series, scans each series, all of them as one folder, and prepares the ROIs of all pairs as
training does (over processes, through Dask). Run it from the repository's root; the results go to
docs/results/many_series.json::

    python scripts/measure_many_series.py [--series 1000,10000] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from csfnet_bundle.cohorts.phantom.plain_series import write_plain_series  # noqa: E402
from csfnet_bundle.core.files import write_atomically  # noqa: E402
from csfnet_bundle.geometry import Point, Space  # noqa: E402
from csfnet_bundle.inputs import RoiCache, RoiSettings, prepare_rois  # noqa: E402
from csfnet_bundle.records import FollowUpPair, Scan  # noqa: E402
from csfnet_bundle.scans.dicom import scan_folder  # noqa: E402
from csfnet_bundle.studies.reader.roi_times import machine  # noqa: E402 - after the path is set

SLICES, MATRIX = 6, 16
PIXEL_BYTES = 2 * MATRIX * MATRIX
NUMBERED = 6
"""Digits of a number in a patient's name and at the end of each UID."""
DATES = ("19990102", "20000102")
WORKERS = 2


def make_cohort(folder: Path, series: int) -> list[FollowUpPair]:
    """Write pairs of small series; each file is a copy of another with its identifiers exchanged."""
    template = write_plain_series(folder / "template", SLICES, MATRIX, name="1" + "0" * NUMBERED)
    slices = {file.name: file.read_bytes() for file in template.iterdir()}
    brighter = {name: (np.frombuffer(content[-PIXEL_BYTES:], "<i2") + 1).tobytes() for name, content in slices.items()}
    data = dcmread(next(template.iterdir()))
    shared = [data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID]
    instances = [dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID for file in template.iterdir()]
    middle = Point((MATRIX / 2, MATRIX / 2, SLICES / 2), Space.VOXEL)
    pairs = []
    for patient in range(series // 2):
        subject = f"1{patient:0{NUMBERED}d}"
        for time_point, date in enumerate(DATES):
            number = f"{2 * patient + time_point:0{NUMBERED}d}"
            place = folder / "images" / subject / f"t{time_point}"
            place.mkdir(parents=True)
            for name, content in slices.items():
                for uid in (*shared, *instances):
                    content = content.replace(uid.encode(), (uid[:-NUMBERED] + number).encode())
                content = content.replace(data.PatientID.encode(), subject.encode())
                content = content.replace(data.StudyDate.encode(), date.encode())
                if time_point:  # one scan as t0 and t1 is rejected: the later one is a little brighter
                    content = content[:-PIXEL_BYTES] + brighter[name]
                (place / name).write_bytes(content)
        scans = [Scan(f"images/{subject}/t{time_point}", middle, date=date) for time_point, date in enumerate(DATES)]
        pairs.append(FollowUpPair(subject, "1", t0=scans[0], t1=scans[1], label=0))
    return pairs


def measure(series: int) -> dict[str, Any]:
    """Return the times of one cohort."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pairs = make_cohort(folder, series)
        places = [folder / scan.path for pair in pairs for scan in (pair.t0, pair.t1) if scan is not None]
        times = {
            "scan each": _timed(lambda: [scan_folder(place) for place in places]),
            "scan all as one folder": _timed(lambda: _expect(len(scan_folder(folder / "images")), series)),
        }
        cache = RoiCache(folder / "cache", RoiSettings())
        times["prepare the ROIs of all pairs"] = _timed(
            lambda: _expect(len(prepare_rois(pairs, folder, cache, workers=WORKERS)), 0)
        )
        _expect(len(list(cache.store)), len(pairs))
    return {"series": series, "slices": SLICES, "matrix": MATRIX, "workers": WORKERS, "times": times}


def _timed(run: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), _processor_time()
    run()
    return {"seconds": time.perf_counter() - wall, "processor_seconds": _processor_time() - cpu}


def _processor_time() -> float:
    """Return seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} found, {wanted} expected")


def main() -> None:
    """Measure each number of series and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="1000,10000", help="numbers of series, separated by commas")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "many_series.json")
    options = parser.parse_args()
    rows = []
    for number in map(int, options.series.split(",")):
        rows.append(measure(number))
        for name, spent in rows[-1]["times"].items():
            each = 1e3 * spent["processor_seconds"] / number
            print(f"{number} series, {name}: {spent['seconds']:.1f} s, {each:.2f} ms of processor time a series")
    write_atomically(options.out, json.dumps({"cohorts": rows, "machine": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
