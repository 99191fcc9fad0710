"""Measured values for a datalist's strata: every nodule of every pair, over processes, resumable."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs.store.identity import files_state
from csfnet_bundle.nodule.measurement import MEASURING_VERSION
from csfnet_bundle.nodule.network import load_network
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist
from csfnet_bundle.scans.scan import open_scan

FOLDER = "measurements"
"""Beside the datalist: one file a scan, so that an interrupted run goes on."""
FIGURES = ("volume_mm3", "mean_diameter_mm", "mean_hu", "attenuation")
"""What of a measurement becomes a stratum ``measured_FIGURE_t0`` or ``measured_FIGURE_t1``."""
DIAMETER = "diameter_{time}_mm"
"""Filled by the measured mean diameter where the datalist has none; ``diameter_source`` then says "measured"."""


def measure_datalist(datalist: Datalist, workers: int | None = None) -> dict[str, str]:
    """Measure every nodule and write the datalist with the strata filled.

    Args:
        datalist: is written in place.
        workers: processes; by default one for each processor.

    Returns:
        Why a nodule could not be measured, by ``subject/nodule t0`` or ``t1``; its strata stay as they are.

    Raises:
        BundleError: the network's file is not there, or a number of workers that is none.
    """
    workers = os.cpu_count() or 1 if workers is None else workers
    if workers < 1:
        raise BundleError(f"workers is {workers}, expected a number above 0")
    sha256 = load_network().sha256
    tasks = list(_tasks(datalist, sha256))
    missing = [(file, folder, scan) for _, _, file, folder, scan in tasks if not file.is_file()]
    problems: dict[Path, str] = {}
    with progress_bar("measuring nodules", len(tasks)) as advance:
        advance(len(tasks) - len(missing))
        if workers == 1 or len(missing) < 2:
            for one in missing:
                problems[one[0]] = measure_scan(*one)
                advance(1)
        else:
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
                started = {pool.submit(measure_scan, *one): one[0] for one in missing}
                for done in as_completed(started):
                    problems[started[done]] = done.result()
                    advance(1)
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    refused = {}
    for pair, time, file, _, _ in tasks:
        problem = problems.get(file, "")
        result = {"refused": problem} if problem else json.loads(file.read_text(encoding="utf-8"))
        if "refused" in result:
            refused[f"{pair.name} {time}"] = str(result["refused"])
        else:
            found[pair.name, time] = result
    sections = {section: tuple(_filled(pair, found) for pair in pairs) for section, pairs in datalist.sections.items()}
    save_datalist(replace(datalist, sections=sections))
    return refused


def measure_scan(file: Path, folder: Path, scan: Scan) -> str:
    """Measure one scan of a pair and write the figures, or why it is rejected, to ``file``.

    Returns:
        Why it could not be measured for another reason (no such file, no point), of which nothing is written; else
        nothing.
    """
    if scan.point is None:
        return f"{scan.path} has no nodule point. Give one, or predict the pair, which finds and measures it."
    try:
        result = measure(open_scan(folder / scan.path, scan.series_uid), scan.point).to_plain()
    except Refusal as refusal:
        result = {"refused": str(refusal)}
    except BundleError as error:
        return str(error)
    write_atomically(file, json.dumps(result) + "\n")
    return ""


def _one_thread() -> None:
    torch.set_num_threads(1)


def _tasks(datalist: Datalist, sha256: str) -> Iterator[tuple[FollowUpPair, str, Path, Path, Scan]]:
    """Yield pair, time, result file, datalist folder and scan.

    The file's name follows from what is measured, how, and the state of the scan's files.
    """
    for _, pair in datalist:
        for time, scan in (("t0", pair.t0), ("t1", pair.t1)):
            if scan is not None:
                path = (datalist.folder / scan.path).resolve()
                files = sorted(files_state(path, follow_links=False)) if path.exists() else []
                measured = json.dumps([scan.to_record(), sha256, MEASURING_VERSION, files], sort_keys=True)
                digest = hashlib.sha256(measured.encode()).hexdigest()[:16]
                yield pair, time, datalist.folder / FOLDER / f"{digest}.json", datalist.folder, scan


def _filled(pair: FollowUpPair, found: Mapping[tuple[str, str], Mapping[str, object]]) -> FollowUpPair:
    strata = dict(pair.strata)
    for time in ("t0", "t1"):
        figures = found.get((pair.name, time))
        if figures is None:
            continue
        strata |= {f"measured_{name}_{time}": figures[name] for name in FIGURES}
        codes = [flag["code"] for flag in figures["flags"]]  # type: ignore[attr-defined]
        strata[f"measured_flags_{time}"] = " ".join(codes)
        key = DIAMETER.format(time=time)
        if strata.get(key) is None or strata.get("diameter_source") == "measured":
            strata[key] = figures["mean_diameter_mm"]
            strata["diameter_source"] = "measured"
    return replace(pair, strata=strata)
