"""Fetching the images of a plan: with progress, in parallel, checked, and going on where an earlier run stopped.

A series lies under its own name only once all of it has arrived and was checked; until then it is in ``.partial``. So a
folder that is there is whole, and running the same command again fetches what is still wanted.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from csfnet_bundle.cohorts.nlst.arrival import arrival_problem
from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.plan import Plan
from csfnet_bundle.cohorts.nlst.s5cmd import DEFAULT_WORKERS, NOT_THERE, copy_series
from csfnet_bundle.core.csv_cells import harmless
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically

BATCH = 8
"""Series fetched by one run of s5cmd: an interruption costs at most so many unchecked series."""
BYTES_PER_MEGABYTE = 1_000_000
NOT_FETCHED = "not_fetched.csv"
FILE_SUFFIX = ".dcm"
"""Of every object in the archive. s5cmd writes to the name with digits behind it until a file is whole."""
DISK_FULL = "no space left on device"
NAMED = 3
"""Series that the error itself names; the file names all."""


def series_folder(images: Path, series: IndexedSeries) -> Path:
    """Return where a series lies: ``images/PatientID/SeriesInstanceUID``."""
    return images / series.patient / series.uid


def not_here(plan: Plan, images: Path) -> list[IndexedSeries]:
    """Return the series of the plan that are not in ``images`` yet."""
    return [series for series in plan.series if not series_folder(images, series).is_dir()]


def download(plan: Plan, images: Path, *, endpoint: str | None = None, workers: int = DEFAULT_WORKERS) -> None:
    """Fetch what is not here yet.

    Args:
        plan: the series.
        images: folder of the images.
        endpoint: address of another S3 server than the public one, e.g. a mirror.
        workers: number of files fetched at the same time.

    Raises:
        BundleError: no network, too little room, or series that could not be fetched whole; these are listed in
            ``not_fetched.csv`` beside the images, and everything else has arrived.
    """
    wanted = not_here(plan, images)
    if not wanted:
        return
    images.mkdir(parents=True, exist_ok=True)
    _check_room(wanted, images)
    partial = images / ".partial"
    failed: list[tuple[IndexedSeries, str]] = []
    with _progress() as progress:
        total = sum(series.megabytes for series in wanted) * BYTES_PER_MEGABYTE
        task = progress.add_task(f"{len(wanted)} series", total=total)
        for start in range(0, len(wanted), BATCH):
            batch = [(series, partial / series.uid) for series in wanted[start : start + BATCH]]
            for _, folder in batch:
                folder.mkdir(parents=True, exist_ok=True)
                _remove_unfinished(folder)
            transfer = copy_series(
                batch,
                endpoint=endpoint,
                workers=workers,
                received=lambda size: progress.advance(task, size),
                manifest=partial / "manifest.txt",
            )
            failed += _take_in(batch, transfer.by_series, images)
            unreachable = bool(transfer.general) or len(transfer.by_series) == len(batch)
            if unreachable and not all(NOT_THERE in problem for problem in transfer.by_series.values()):
                problem = next(iter((*transfer.general, *transfer.by_series.values())))
                if DISK_FULL in problem.lower():
                    raise BundleError(
                        f"no room is left for the images: {problem}",
                        record=str(images),
                        remedy="Free some, then run the same command again: what has arrived is kept.",
                    )
                raise BundleError(
                    f"the images cannot be fetched: {problem}",
                    record=f"{len(not_here(plan, images))} of {len(plan.series)} series are still wanted",
                    remedy="Check the network, then run the same command again: what has arrived is kept.",
                )
            progress.update(task, completed=min(total, _megabytes(wanted[: start + BATCH]) * BYTES_PER_MEGABYTE))
    _report(failed, images)
    shutil.rmtree(partial, ignore_errors=True)


def _remove_unfinished(folder: Path) -> None:
    """Remove what a copy that was killed has left: the files that are not whole."""
    for path in folder.iterdir():
        if path.suffix != FILE_SUFFIX:
            path.unlink()


def _take_in(
    batch: Sequence[tuple[IndexedSeries, Path]], errors: dict[str, str], images: Path
) -> list[tuple[IndexedSeries, str]]:
    """Move the series that are whole to their places; return the others with the reason."""
    failed = []
    for series, folder in batch:
        problem = errors.get(series.uid)
        if problem is None and (problem := arrival_problem(folder, series)) is not None:
            # What came is wrong, not unfinished: the next run must fetch it anew.
            shutil.rmtree(folder)
        if problem is not None:
            failed.append((series, problem))
            continue
        target = series_folder(images, series)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    return failed


def _report(failed: Sequence[tuple[IndexedSeries, str]], images: Path) -> None:
    path = images / NOT_FETCHED
    if not failed:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["PatientID", "SeriesInstanceUID", "problem"])
    writer.writerows([harmless(series.patient), series.uid, problem] for series, problem in failed)
    write_atomically(path, text.getvalue())
    named = "; ".join(f"{series.patient} {series.uid}: {problem}" for series, problem in failed[:NAMED])
    raise BundleError(
        f"{len(failed)} series could not be fetched whole: {named}{'; ...' if len(failed) > NAMED else ''}",
        record=str(path),
        remedy="Run the same command again; with --skip_refused it continues without their pairs.",
    )


def _check_room(wanted: Sequence[IndexedSeries], images: Path) -> None:
    needed, free = _megabytes(wanted) * BYTES_PER_MEGABYTE, shutil.disk_usage(images).free
    if needed > free:
        raise BundleError(
            f"the images need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
            record=str(images),
            remedy="Free some, or name another folder by --images.",
        )


def _megabytes(series: Sequence[IndexedSeries]) -> float:
    return sum(one.megabytes for one in series)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
