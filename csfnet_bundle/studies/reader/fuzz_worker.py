"""The process in which ``fuzz-reader`` lets the reader loose on damaged files: what it does to itself ends only it."""

from __future__ import annotations

import gc
import json
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from csfnet_bundle.cohorts.phantom.fuzz_samples import FuzzSeries, make_fuzz_series
from csfnet_bundle.cohorts.phantom.mutations import mutate
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.scan import read_instances
from csfnet_bundle.studies.reader.fuzz_measuring import Trial, peak_megabytes, processor_time, say, start_measuring

PLACE_TOLERANCE_MM = 0.1
"""Most that an accepted volume may lie from the sound one: the reader's own promise for landmarks."""
ROI_SIZE = (4, 8, 8)


def damaged_file(seed: int, index: int, series: list[FuzzSeries]) -> tuple[FuzzSeries, str, bytes]:
    """Return the ``index``-th damaged file of a seed: whose it is, the kinds of damage, its bytes."""
    random = np.random.default_rng([seed, index])
    chosen = series[index % len(series)]
    damage, data = mutate(chosen.sample, [item.sample for item in series], random)
    return chosen, damage, data


def judge(chosen: FuzzSeries, reference: Volume | None) -> tuple[str, str]:
    """Read the folder with the damaged file in it, in every way there is; return outcome and detail."""
    try:
        skipped = isinstance(read_instances(str(chosen.file)), Skip)
        found = scan_folder(chosen.folder)
        with suppress(Refusal):  # the same reasons as the volume's, or none where the ROI does not need the file
            read_roi(select_series(found), Point((4.0, 4.0, 2.0), Space.VOXEL), ROI_SIZE, allow_lossy=True)
        volume = read_volume(select_series(found), allow_lossy=True)
    except Refusal as refusal:
        return ("skip" if skipped else str(refusal.code)), str(refusal)
    except BaseException as error:  # anything else must not be, whatever it derives from
        return "exception", f"{type(error).__name__}: {error}"
    if reference is None or skipped or volume.array.shape != reference.array.shape:
        return "shrunk", f"shape {volume.array.shape}"
    if np.abs(volume.affine - reference.affine).max() > PLACE_TOLERANCE_MM / max(reference.array.shape):
        return "wrong geometry", str(volume.affine.tolist())
    if not np.array_equal(volume.array, reference.array):
        return "volume, other values", ""
    return "volume", ""


def run(seed: int, indices: list[int], folder: Path) -> None:
    """Try damaged files one after the other; print a line before and after each."""
    warnings.simplefilter("ignore")
    series = make_fuzz_series(folder / "series")
    references = [_reference(item) for item in series]
    gc.freeze()  # what is here now stays; collecting before every file then takes no time
    for index in indices:
        chosen, damage, data = damaged_file(seed, index, series)
        say({"start": index, "sample": chosen.sample.name, "damage": damage})
        chosen.file.write_bytes(data)
        gc.collect()
        before, cpu = start_measuring(), processor_time()
        outcome, detail = judge(chosen, references[index % len(series)])
        trial = Trial(
            index,
            chosen.sample.name,
            damage,
            outcome,
            detail[:300],
            round(processor_time() - cpu, 3),
            round(peak_megabytes(before), 1),
        )
        chosen.file.write_bytes(chosen.sample.data)
        say(asdict(trial))


def _reference(item: FuzzSeries) -> Volume | None:
    try:
        return read_volume(select_series(scan_folder(item.folder)), allow_lossy=True)
    except Refusal:
        return None  # deflated files are refused, damaged or not


def main() -> None:
    """Run what the JSON in the first argument asks for."""
    request = json.loads(sys.argv[1])
    run(request["seed"], request["indices"], Path(request["folder"]))


if __name__ == "__main__":
    main()
