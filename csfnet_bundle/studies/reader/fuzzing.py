"""The readers on thousands of damaged files: each must be read, skipped or rejected."""

from __future__ import annotations

import json as json_format
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from csfnet_bundle.cohorts.phantom.compression import ENCODING_MODULES
from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.studies.reader.roi_times import machine

WORKERS = {
    "dicom": [sys.executable, "-m", "csfnet_bundle.studies.reader.fuzz_worker"],
    "volumes": [sys.executable, "-m", "csfnet_bundle.studies.reader.fuzz_volumes"],
}
"""Programs that read damaged files, by the kind of files."""
MOST_SECONDS = 2.0
"""Processor time for one file, decoder included."""
MOST_MEGABYTES = 512.0
SILENCE_SECONDS = 120.0
"""Without a word from the worker for so long, it hangs; far above MOST_SECONDS, as other work may share the machine."""
MUST_NOT_BE = frozenset(("exception", "wrong geometry", "wrong voxels", "shrunk", "crash", "hang"))

GROUPS = ("volume", "volume, other values", "skip", "refused", "must not be")
"""What outcomes come to."""


def fuzz(files: int, seed: int, first: int, json: Path | None, kind: str = "dicom") -> bool:
    """Damage CT files, read each, print what became of them, return whether all was well.

    Args:
        files: how many.
        seed: of the damage: the same seed gives the same files.
        first: number of the first file.
        json: file that keeps the counts.
        kind: a key of :data:`WORKERS`.
    """
    if kind == "dicom":
        require_extra("codecs", *ENCODING_MODULES)
    trials = []
    columns = (TextColumn("damaged files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        indices = list(range(first, first + files))
        for trial in progress.track(run_trials(seed, indices, Path(folder), kind), total=files):
            trials.append(trial)
    document = count(trials, seed)
    if json is not None:
        write_atomically(json, json_format.dumps(document, indent=1) + "\n")
    _show(document)
    return not document["failures"]


def run_trials(seed: int, indices: list[int], folder: Path, kind: str = "dicom") -> Iterator[dict[str, Any]]:
    """Yield what became of each file; a worker that crashes or hangs is an outcome, and another goes on."""
    left, workers = list(indices), 0
    while left:
        workers += 1
        request = {"seed": seed, "indices": left, "folder": str(folder / f"worker{workers}")}
        (folder / f"worker{workers}").mkdir()
        process = subprocess.Popen([*WORKERS[kind], json_format.dumps(request)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines: queue.Queue[str | None] = queue.Queue()
        passing = threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True)
        passing.start()
        started: dict[str, Any] | None = None
        ended = "crash"
        try:
            while (line := lines.get(timeout=SILENCE_SECONDS)) is not None:
                message = json_format.loads(line)
                if "start" in message:
                    started = message
                    continue
                left.remove(message["index"])
                started = None
                yield message
        except queue.Empty:
            ended = "hang"
        finally:
            process.kill()
            passing.join()
            process.stdout.close()
            process.wait()
        if not left:
            return
        if started is None:
            raise RuntimeError(f"the worker ended with {process.returncode} before it tried a file")
        left.remove(started["start"])
        yield {
            "index": started["start"],
            "sample": started["sample"],
            "damage": started["damage"],
            "outcome": ended,
            "detail": f"status {process.returncode}",
            "seconds": 0.0,
            "megabytes": 0.0,
        }


def count(trials: list[dict[str, Any]], seed: int) -> dict[str, Any]:
    """Return the counts of a run as plain values."""
    failures = [
        trial
        for trial in trials
        if trial["outcome"] in MUST_NOT_BE or trial["seconds"] > MOST_SECONDS or trial["megabytes"] > MOST_MEGABYTES
    ]
    by_sample: dict[str, Counter[str]] = {}
    for trial in trials:
        by_sample.setdefault(trial["sample"], Counter())[trial["outcome"]] += 1
    return {
        "files": len(trials),
        "seed": seed,
        "outcomes": dict(Counter(trial["outcome"] for trial in trials).most_common()),
        "by_syntax": {name: dict(counts.most_common()) for name, counts in sorted(by_sample.items())},
        "groups": {
            name: grouped(counts)
            for name, counts in [*sorted(by_sample.items()), ("all", Counter(trial["outcome"] for trial in trials))]
        },
        "damage": dict(Counter(kind for trial in trials for kind in trial["damage"].split("+")).most_common()),
        "most_seconds": max((trial["seconds"] for trial in trials), default=0.0),
        "most_megabytes": max((trial["megabytes"] for trial in trials), default=0.0),
        "limits": {"seconds": MOST_SECONDS, "megabytes": MOST_MEGABYTES},
        "failures": failures,
        "machine": machine(),
    }


def grouped(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Return counts by GROUPS."""
    counts = dict.fromkeys(GROUPS, 0)
    for outcome, number in outcomes.items():
        is_code = outcome in set(RefusalCode)
        counts[outcome if outcome in counts else "refused" if is_code else "must not be"] += number
    return counts


def _pass_on(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _show(document: dict[str, Any]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    title = f"{document['files']} damaged files, seed {document['seed']}"
    table = Table("syntax", *GROUPS, title=title)
    for name, counts in document["groups"].items():
        table.add_row(name, *map(str, counts.values()))
    console.print(table)
    refused = {name: number for name, number in document["outcomes"].items() if name.isupper()}
    console.print("refused: " + ", ".join(f"{number} {name}" for name, number in refused.items()))
    console.print(f"at most {document['most_seconds']:.2f} s of processor time, {document['most_megabytes']:.0f} MB")
    for trial in document["failures"]:
        console.print(f"FAILED --seed {document['seed']} --first {trial['index']} --files 1: {trial}", markup=False)
