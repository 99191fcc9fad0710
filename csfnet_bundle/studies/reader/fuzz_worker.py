"""The process in which ``fuzz-reader`` lets the reader loose on damaged files: what it does to itself ends only it."""

from __future__ import annotations

import gc
import json
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from csfnet_bundle.cohorts.phantom.fuzz_samples import FuzzSeries, make_fuzz_series
from csfnet_bundle.cohorts.phantom.mutations import mutate
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.scans.dicom import read_roi, read_volume, scan_folder, select_series
from csfnet_bundle.scans.dicom.decoding import decoder_pool
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.scan import read_instances

PLACE_TOLERANCE_MM = 0.1
"""Most that an accepted volume may lie from the sound one: the reader's own promise for landmarks."""
ROI_SIZE = (4, 8, 8)


@dataclass(frozen=True)
class Trial:
    """What became of one damaged file.

    Attributes:
        index: its number; with the run's seed it gives the file again.
        sample: which sound file was damaged.
        damage: the kinds of damage.
        outcome: ``volume``, ``volume, other values``, ``skip``, a refusal code, or what must not be: ``exception``,
            ``wrong geometry``, ``shrunk``.
        detail: the message or the exception.
        seconds: processor time of reader and decoder.
        megabytes: peak memory of the reader above the sound state, or of its decoder, whichever is larger.
    """

    index: int
    sample: str
    damage: str
    outcome: str
    detail: str
    seconds: float
    megabytes: float


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


def say(line: dict[str, object]) -> None:
    """Print one line of JSON for the process that waits."""
    print(json.dumps(line), flush=True)


def processor_time() -> float:
    """Return seconds of this process, of its children that ended, and of its decoders."""
    total = time.process_time()
    with suppress(ImportError):
        import resource

        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        total += ended.ru_utime + ended.ru_stime
    for process in decoder_pool().process_ids:
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / 100  # clock ticks of utime and stime
    return total


def start_measuring() -> float:
    """Let the peaks of memory start anew, where the operating system can; return the present memory, MB."""
    for process in ("self", *decoder_pool().process_ids):
        with suppress(OSError):
            Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")
    return _status("self", "VmRSS:")


def peak_megabytes(before: float) -> float:
    """Return the peak of memory above ``before``, or that of a decoder where it is larger, MB."""
    decoders = [_status(process, "VmHWM:") for process in decoder_pool().process_ids]
    return max(_status("self", "VmHWM:") - before, *decoders, 0.0)


def _status(process: object, name: str) -> float:
    """Return a line of /proc/PID/status in MB; 0 where there is none."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return float(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run what the JSON in the first argument asks for."""
    request = json.loads(sys.argv[1])
    run(request["seed"], request["indices"], Path(request["folder"]))


if __name__ == "__main__":
    main()
