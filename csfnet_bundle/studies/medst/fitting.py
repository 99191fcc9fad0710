"""The fits of a study: pre-train, evaluate, and note what came out; one that is done is not repeated."""

from __future__ import annotations

import json
import logging
import multiprocessing
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.medst.data import SECTIONS, prepare_studies
from csfnet_bundle.medst.tasks_handler import METRICS_NAME
from csfnet_bundle.studies.medst.plan import DONE_NAME, EVALUATE, Fit, StudyPlan
from csfnet_bundle.training.workflow import make_workflow

BEGUN_NAME = "switch.sha256"
"""What a fit was begun with: it is taken up again with that alone."""
QUIET = ("csfnet_bundle", "monai.bundle.workflows", "monai.bundle.scripts", "ignite")
"""Loggers that would write over the progress bar."""


KILLED = "its worker, or the one beside it, was killed; often for want of memory"


class FitsFailedError(BundleError):
    """Some fits of a study failed; all others are done."""


def run_fits(study: StudyPlan, workers: int = 1) -> Iterator[Fit]:
    """Run what is not done yet, with a progress bar, and yield each fit when it is done.

    Args:
        study: what to run.
        workers: processes, of one thread each.

    Raises:
        FitsFailedError: a fit failed, told when all others are done.
        BundleError: the folder holds another study's fits.
    """
    _claim(study)
    # Once for all fits: their workers would read the same scans side by side.
    prepare_studies(study.dataset_dir, study.dataset_dir, SECTIONS, RoiSettings().to_plain(), study.rois, workers)
    missing = [fit for fit in study.fits if not study.is_done(fit)]
    failed: list[str] = []
    columns = (TextColumn("fits"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(study.fits), completed=len(study.fits) - len(missing))
        for fit, error in _results(study, missing, workers):
            progress.advance(task)
            if error is None:
                yield fit
            else:
                failed.append(f"{fit.name}: {error}")
                progress.console.print(f"failed: {failed[-1]}", markup=False)
    if failed:
        raise FitsFailedError(f"{len(failed)} fits failed; {failed[0]}", remedy="The same command repeats only these.")


def _claim(study: StudyPlan) -> None:
    path = study.out / "settings.json"
    wanted = study.settings()
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        remedy = "Name another --out, or go back to what it was made with."
        check_same_settings(before, wanted, record=str(study.out), what="a study", remedy=remedy)
    write_atomically(path, json.dumps(wanted, indent=1) + "\n")


def _results(study: StudyPlan, fits: list[Fit], workers: int) -> Iterator[tuple[Fit, str | None]]:
    """Run the fits in their order, each when the one that it starts from is through."""
    if workers == 1:
        for fit in fits:
            yield fit, _attempt(study, fit)
        return
    waiting = list(fits)
    running: dict[Future[str | None], Fit] = {}
    pool, is_broken = _pool(workers), False
    try:
        while waiting or running:
            if is_broken and not running:
                pool, is_broken = _pool(workers), False
            unfinished = {*waiting, *running.values()}
            ready = [fit for fit in waiting if study.start_of(fit) not in unfinished]
            for fit in [] if is_broken else ready[: workers - len(running)]:
                try:
                    running[pool.submit(_attempt, study, fit)] = fit
                except BrokenProcessPool:  # since its last answer
                    is_broken = True
                    break
                waiting.remove(fit)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                try:
                    error = future.result()
                except BrokenProcessPool:  # nothing that runs beside a killed worker will be done either
                    error, is_broken = KILLED, True
                yield running.pop(future), error
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    # A fresh interpreter for each worker: a fork of a process with running threads can hang.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _attempt(study: StudyPlan, fit: Fit) -> str | None:
    """Run a fit; what is wrong with it is a result, not the end of the others."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    start = study.start_of(fit)
    if start is not None and not study.is_done(start):
        return f"it starts from {start.name}, which is not done"
    try:
        _run(study, fit)
    except Exception as error:
        ours = bundle_error_in(error)
        if ours is None:
            raise
        return str(ours)
    return None


def _run(study: StudyPlan, fit: Fit) -> None:
    folder = study.folder(fit)
    begun, digest = folder / BEGUN_NAME, study.switch_digest(fit)
    if folder.is_dir() and not (begun.is_file() and begun.read_text(encoding="utf-8") == digest):
        shutil.rmtree(folder)  # begun with another state of the switch: nothing of it may stay
    write_atomically(begun, digest)
    common = {
        "bundle_root": str(study.bundle_root),
        "dataset_dir": str(study.dataset_dir),
        "cache_dir": str(study.rois),
        "device": "$torch.device('cpu')",
    }
    started = time.monotonic()
    training = make_workflow(
        "training",
        study.configs(fit),
        **{**study.overrides_of(fit), **common, "output_dir": str(folder), "seed": fit.seed},
    )
    training.run()
    parser = training.parser
    seconds = time.monotonic() - started
    record = {
        "switch_sha256": digest,
        "seconds": round(seconds, 1),
        "epochs": int(parser.get_parsed_content("train#trainer").state.epoch),
        "steps": int(parser.get_parsed_content("train#trainer").state.iteration),
        "images_per_batch": int(parser.get_parsed_content("images_per_batch")),
        "parameters": sum(part.numel() for part in parser.get_parsed_content("network_def").parameters()),
        "history": parser.get_parsed_content("train#best_model").history,
    }
    training.finalize()
    evaluating = make_workflow(
        "evaluating",
        [study.bundle_root / "configs" / EVALUATE],
        **{**common, "training_dir": str(folder), "output_dir": str(folder)},
    )
    evaluating.run()
    evaluating.finalize()
    metrics = json.loads((folder / METRICS_NAME).read_text(encoding="utf-8"))
    write_atomically(folder / DONE_NAME, json.dumps({**record, **metrics}, indent=1) + "\n")
