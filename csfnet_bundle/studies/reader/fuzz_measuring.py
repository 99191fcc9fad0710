"""What both fuzz workers measure of one damaged file, and how they tell it to the process that waits."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.scans.dicom.decoding import decoder_pool


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
