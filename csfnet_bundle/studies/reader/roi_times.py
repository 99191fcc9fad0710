"""How long one ROI takes, and how much memory, beside the other ways to get it."""

from __future__ import annotations

import importlib.util
import json as json_format
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from csfnet_bundle.cohorts.phantom.plain_series import plain_point, write_plain_series
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.scans.dicom.index import SETTLED_NS
from csfnet_bundle.studies.reader.routes import ROUTES
from csfnet_bundle.studies.reader.standard_roi import CENTER_INDEX

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"), "1"
)
MEMORY_LIMIT_MB, COLD_SHARE, CHAIN_FACTOR, FLOOR_FACTOR = 24.0, 0.5, 150.0, 5.0
"""What the reader has to reach: see :func:`goals`."""
LIBRARIES = (
    "csfnet-bundle",
    "numpy",
    "pydicom",
    "monai",
    "torch",
    "SimpleITK",
    "python-gdcm",
    "pyjpegls",
    "pylibjpeg-openjpeg",
)


def measure_roi(
    slices: int, matrix: int, rounds: int, slow_rounds: int, routes: Sequence[str], syntaxes: bool, json: Path | None
) -> None:
    """Measure one ROI by every route and print tables.

    One thread, one process, medians; files in the operating system's cache.

    Args:
        slices: slices of the series that is made in a temporary folder.
        matrix: its rows and columns.
        rounds: runs of each fast route.
        slow_rounds: runs of SimpleITK and of MONAI, which take seconds each.
        routes: names of ROUTES; none for all.
        syntaxes: measure compressed series too.
        json: file that keeps the results.

    Raises:
        BundleError: an unknown route, a series too small for the ROI, or a measuring process that failed.
    """
    names = _names(routes)
    if slices < 40 or matrix < 128:
        raise BundleError(f"{slices} slices of {matrix} x {matrix}: at least 40 of 128 x 128 hold the ROI")
    with tempfile.TemporaryDirectory() as temporary, _progress() as progress:
        task = progress.add_task("writing the series", total=None)
        folder = write_plain_series(Path(temporary, "series"), slices, matrix)
        time.sleep(SETTLED_NS / 1e9)  # the index trusts no file that has just been written
        request = {
            "folder": str(folder),
            "index": str(Path(temporary, "index")),
            "point": plain_point(slices, matrix, CENTER_INDEX),
            "rounds": rounds,
            "slow_rounds": slow_rounds,
        }
        progress.update(task, description="measuring times")
        times = _child({**request, "measure": "times", "routes": names})
        memory = {}
        for name in names:
            progress.update(task, description=f"measuring memory: {ROUTES[name].label}")
            memory[name] = _child({**request, "measure": "memory", "routes": [name]})
        compressed: list[dict[str, object]] = []
        if syntaxes:
            progress.update(task, description="measuring compressed series")
            request = {"measure": "syntaxes", "folder": str(Path(temporary, "compressed")), "matrix": matrix}
            compressed = _child(request)
    figures = {
        name: {
            "label": ROUTES[name].label,
            "wall_ms": statistics.median(times[name]["wall_ms"]),
            "cpu_ms": statistics.median(times[name]["cpu_ms"]),
            "best_ms": min(times[name]["wall_ms"]),
            "rounds": len(times[name]["wall_ms"]),
            "peak_mb": memory[name],
        }
        for name in names
    }
    document = {
        "slices": slices,
        "matrix": matrix,
        "routes": figures,
        "goals": goals(figures),
        "syntaxes": compressed,
        "machine": machine(),
    }
    if json is not None:
        write_atomically(json, json_format.dumps(document, indent=1) + "\n")
    _show(document)


def _names(routes: Sequence[str]) -> list[str]:
    names = list(routes or ROUTES)
    for name in names:
        if name not in ROUTES:
            raise BundleError(f"there is no route {name!r}", remedy=f"Routes: {', '.join(ROUTES)}.")
    return [name for name in names if name != "simpleitk" or importlib.util.find_spec("SimpleITK")]


def goals(routes: dict[str, dict[str, Any]]) -> list[dict[str, object]]:
    """Return what the reader has to reach and what it reached.

    By medians of processor time: every route has one thread and its files in memory, so that on an idle machine the
    clock shows the same, and on a busy one only the clock shows the neighbours too.
    """
    cpu = {name: route["cpu_ms"] for name, route in routes.items()}
    found: list[tuple[str, float, str, float]] = []
    if {"cold", "pydicom"} <= cpu.keys():
        share = cpu["cold"] / cpu["pydicom"]
        found.append(("cold, as a share of the pydicom header pass", share, "at most", COLD_SHARE))
    if {"cold", "monai_chain"} <= cpu.keys():
        found.append(("MONAI's chain over cold", cpu["monai_chain"] / cpu["cold"], "at least", CHAIN_FACTOR))
    if {"known", "floor"} <= cpu.keys():
        found.append(("index known, over the floor", cpu["known"] / cpu["floor"], "at most", FLOOR_FACTOR))
    if "cold" in cpu:
        found.append(("peak memory above the import, MB", routes["cold"]["peak_mb"], "at most", MEMORY_LIMIT_MB))
    return [
        {
            "what": what,
            "found": value,
            "wanted": f"{how} {limit:g}",
            "reached": value >= limit if how == "at least" else value <= limit,
        }
        for what, value, how, limit in found
    ]


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _child(request: dict[str, object]) -> Any:
    """Measure in a process of its own, with one thread."""
    command = [sys.executable, "-m", "csfnet_bundle.studies.reader.routes", json_format.dumps(request)]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise BundleError(f"the measuring process failed: {reason[-1] if reason else done.returncode}")
    return json_format.loads(done.stdout.splitlines()[-1])


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _show(document: dict[str, Any]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    title = f"one ROI of {document['slices']} slices of {document['matrix']} x {document['matrix']}"
    table = Table(title=title)
    for name in ("route", "ms (median)", "processor ms", "best ms", "rounds", "peak MB"):
        table.add_column(name, justify="left" if name == "route" else "right")
    for route in document["routes"].values():
        table.add_row(
            route["label"],
            *(f"{route[key]:.1f}" for key in ("wall_ms", "cpu_ms", "best_ms")),
            str(route["rounds"]),
            f"{route['peak_mb']:.1f}",
        )
    console.print(table)
    _show_rows(console, "compressed series", document["syntaxes"])
    _show_rows(console, "goals", document["goals"])
    console.print(", ".join(f"{key} {value}" for key, value in document["machine"].items() if value is not None))


def _show_rows(console: Console, title: str, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        return
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    console.print(table)
