"""What a match costs: processor seconds and memory, measured in a process of its own.

As a program: ``python -m csfnet_bundle.studies.matching.cost T0 T1 X,Y,Z`` prints them as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Volume
from csfnet_bundle.studies.matching.files import write_volume
from csfnet_bundle.studies.matching.sources import Source

SLICES = 300
SHIFT_MM = (4.0, -3.0, 5.0)
"""How far t0 lies from t1: enough for the alignment to have work to do."""
KIBIBYTES_PER_MEGABYTE = 1000 / 1.024


def measure_cost(source: Source, folder: Path) -> dict[str, object]:
    """Return what the match of a nodule costs between two uncompressed series of 300 slices.

    Args:
        source: a later scan; its slices are interpolated to 300, and t0 is the same, shifted.
        folder: for the two files, which are removed at the end.

    Raises:
        BundleError: the process failed.
    """
    paths = [folder / "cost_t0.nii", folder / "cost_t1.nii"]
    later = _resliced(source.smooth)
    moved = later.affine.copy()
    moved[:3, 3] += SHIFT_MM
    try:
        write_volume(Volume(later.array, moved), paths[0])
        write_volume(later, paths[1])
        place = ",".join(f"{value:.2f}" for value in source.nodules[0].center)
        command = [sys.executable, "-m", "csfnet_bundle.studies.matching.cost", *map(str, paths), place]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
    if done.returncode:
        raise BundleError(
            f"the process that measures the cost failed: {done.stderr.strip()[-300:]}", record=source.name
        )
    figures: dict[str, object] = json.loads(done.stdout)
    return {"source": source.name, "slices": SLICES, "shape": list(later.array.shape), **figures}


def _resliced(volume: Volume) -> Volume:
    """Return the scan with 300 slices, interpolated between its own."""
    count = volume.array.shape[2]
    places = np.linspace(0, count - 1, SLICES)
    low = np.minimum(places.astype(int), count - 2)
    array = np.empty((*volume.array.shape[:2], SLICES), np.float32)
    for k, (first, share) in enumerate(zip(low, places - low, strict=True)):
        array[:, :, k] = volume.array[:, :, first] * (1 - share) + volume.array[:, :, first + 1] * share
    affine = volume.affine.copy()
    affine[:3, 2] *= (count - 1) / (SLICES - 1)
    return Volume(array, affine)


def _peak_kibibytes() -> int:
    """Return the most memory that this process has held, by Linux: unlike getrusage's, not that of its parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise BundleError("this system does not tell a process's peak memory", remedy="Measure the cost on Linux.")


def main(path0: str, path1: str, place: str) -> None:
    """Match and print the cost."""
    # All that a match imports comes first: it is not the match's memory.
    import nibabel.volumeutils
    import scipy.fft
    import SimpleITK

    from csfnet_bundle.geometry import Point, Space
    from csfnet_bundle.scans.registration import match_point
    from csfnet_bundle.scans.scan import open_scan

    SimpleITK.ImageRegistrationMethod()
    assert all((nibabel.volumeutils, scipy.fft))
    x, y, z = map(float, place.split(","))
    before, start = _peak_kibibytes(), time.process_time()
    match = match_point(open_scan(path0), open_scan(path1), Point((x, y, z), Space.LPS))
    print(
        json.dumps(
            {
                "processor_seconds": round(time.process_time() - start, 2),
                "megabytes_above_imports": round((_peak_kibibytes() - before) / KIBIBYTES_PER_MEGABYTE, 1),
                "point0_lps": list(match.point0.coordinates),
                "votes": match.votes,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
