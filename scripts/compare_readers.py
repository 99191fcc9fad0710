"""Compare readers of DICOM folders on every class of input: read right, refused, or wrong without a word.

The folders are those of tests/helpers/reader_cases.py: synthetic series with landmarks at known places, edited. Each
reader runs in a process of its own. Run it from the repository's root; the results go to docs/results/readers.json::

    python scripts/compare_readers.py [--readers "this bundle,SimpleITK"] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from helpers.reader_cases import CASES  # noqa: E402 - after the path is set
from helpers.synthetic_series import (  # noqa: E402
    ORIENTATIONS,
    compress,
    make_affine,
    make_series,
    to_big_endian,
    write_series,
)
from reader_worker import READERS  # noqa: E402

from csfnet_bundle.core.errors import RefusalCode  # noqa: E402
from csfnet_bundle.core.files import write_atomically  # noqa: E402

LIBRARIES = ("monai", "itk-io", "pydicom", "SimpleITK", "highdicom")
CASE_SECONDS = 300
"""Time for a reader to say something, on a busy machine."""
VERDICTS = ("right", "refused", "unfounded", "wrong", "crash")
Build = Callable[[Path], NDArray[np.float64]]
"""Writes the folder of a class and returns the affine of the series in it."""


def classes() -> dict[str, tuple[str, Build]]:
    """Return every class: its name, what is required (``read`` or a refusal code), and how its folder is made."""
    made: dict[str, tuple[str, Build]] = {}
    for case in CASES:
        made[case.name.replace("_", " ")] = (str(case.code or "read"), _edited(case.build))
    for name, orientation in ORIENTATIONS.items():
        if name != "axial":
            made[f"orientation: {name}"] = ("read", _series(make_affine(orientation), orientation=orientation))
    made["gantry tilt of 15 degrees"] = ("read", _series(make_affine(tilt_degrees=15.0)))
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian):
        made[f"syntax: {syntax.name}"] = ("read", _series(make_affine(), syntax=syntax))
    for syntax in (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless):
        made[f"syntax: {syntax.name.split(' (')[0]}"] = ("read", _series(make_affine(), syntax=syntax))
    return made


def _edited(build: Callable[[list[Dataset], Path], None]) -> Build:
    def make(folder: Path) -> NDArray[np.float64]:
        build(make_series(), folder)
        return make_affine()

    return make


def _series(affine: NDArray[np.float64], *, syntax: str = "", **options: Any) -> Build:
    def make(folder: Path) -> NDArray[np.float64]:
        series = make_series(affine, **options)
        if syntax == ExplicitVRBigEndian:
            to_big_endian(series)
        elif syntax and syntax != ImplicitVRLittleEndian:
            compress(series, syntax)
        write_series(folder, series, **({"syntax": syntax} if syntax else {}))
        return affine

    return make


def run_reader(name: str, cases: list[dict[str, Any]], folder: Path) -> dict[str, dict[str, Any]]:
    """Let a reader read every case; a crash is a result, and another process goes on after it."""
    results: dict[str, dict[str, Any]] = {}
    left = list(cases)
    while left:
        request = folder / "request.json"
        request.write_text(json.dumps(left), encoding="utf-8")
        command = [sys.executable, str(ROOT / "scripts" / "reader_worker.py"), name, str(request)]
        started = ""
        ended = "crash"
        try:
            output = subprocess.run(
                command, capture_output=True, text=True, timeout=CASE_SECONDS + 5 * len(left), check=False
            ).stdout
        except subprocess.TimeoutExpired as expired:
            ended, output = "hang", (expired.stdout or b"").decode()
        for line in filter(lambda text: text.startswith("{"), output.splitlines()):
            message = json.loads(line)
            if "start" in message:
                started = message["start"]
            else:
                results[message["name"]] = message
        left = [case for case in left if case["name"] not in results]
        if left:
            if started != left[0]["name"]:
                raise RuntimeError(f"{name} did not start")
            results[started] = {"name": started, "read": False, "right": False, "detail": ended}
            left = left[1:]
    return results


def verdict(required: str, result: dict[str, Any]) -> str:
    """Return right, refused, unfounded, wrong or crash.

    Of a class that must be refused there is no right volume, as the folder does not say what it would be. A reader that
    returns the voxels of before the edit nevertheless is ``unfounded``: it took one of several for granted and was
    lucky. Only where the bundle refuses a transfer syntax, another reader's volume is judged by its voxels alone.
    """
    if result["detail"] in ("crash", "hang"):
        return "crash"
    if not result["read"]:
        return "refused"
    if not result["right"]:
        return "wrong"
    return "right" if required in ("read", str(RefusalCode.TRANSFER_SYNTAX)) else "unfounded"


def compare(readers: list[str], names: list[str] | None = None) -> dict[str, Any]:
    """Return the verdicts of the readers on every class (or on those named) as plain values."""
    made = {name: found for name, found in classes().items() if names is None or name in names}
    with tempfile.TemporaryDirectory() as temporary:
        cases = []
        for number, (name, (_, build)) in enumerate(made.items()):
            folder = Path(temporary, f"case{number:03d}")
            affine = build(folder)
            cases.append({"name": name, "folder": str(folder), "affine": affine.tolist()})
        console = Console(stderr=True)
        found = {
            reader: run_reader(reader, cases, Path(temporary))
            for reader in track(readers, description="readers", console=console, transient=True)
        }
    rows = []
    for name, (required, _) in made.items():
        results = {reader: found[reader][name] for reader in readers}
        rows.append(
            {
                "class": name,
                "required": required,
                "results": {
                    reader: {"verdict": verdict(required, result), "detail": result["detail"]}
                    for reader, result in results.items()
                },
            }
        )
    counts = {
        reader: {kind: sum(row["results"][reader]["verdict"] == kind for row in rows) for kind in VERDICTS}
        for reader in readers
    }
    return {"versions": {name: version(name) for name in LIBRARIES}, "counts": counts, "classes": rows}


def main() -> int:
    """Compare, keep the results, and print the counts; exit status 0 only if this bundle is never wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", default=",".join(READERS), help="which readers, separated by commas")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "readers.json")
    options = parser.parse_args()
    document = compare(options.readers.split(","))
    write_atomically(options.out, json.dumps(document, indent=1) + "\n")
    for reader, counts in document["counts"].items():
        print(f"{reader}: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if unexpected(document) else 0


def unexpected(document: dict[str, Any]) -> list[str]:
    """Return the classes in which this bundle did not do what is required."""
    bad = []
    for row in document["classes"]:
        result = row["results"].get("this bundle", {"verdict": "right", "detail": row["required"]})
        read_right = row["required"] == "read" and result["verdict"] == "right"
        if not read_right and (row["required"] == "read" or result["detail"] != row["required"]):
            bad.append(f"{row['class']}: {result['verdict']} {result['detail']}, {row['required']} required")
    for line in bad:
        print(line, file=sys.stderr)
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
