"""All fits of a benchmark, over the devices of this machine or the workers of a Dask scheduler."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence

import torch
from dask.distributed import as_completed, get_worker
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs.preparation import dask_client
from csfnet_bundle.studies.benchmark.fitting import is_done, run_fit
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol

ERROR_NAME = "error.txt"
"""In the folder of a fit that failed for an unforeseen reason: where in the code."""


def default_devices() -> tuple[str, ...]:
    """Return all GPUs, or the CPU."""
    return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count())) or ("cpu",)


def run_fits(protocol: Protocol, devices: Sequence[str] = (), scheduler: str | None = None) -> dict[Fit, BundleError]:
    """Run the fits that are not done yet, with a progress bar; an interrupted benchmark goes on where it stopped.

    Args:
        protocol: the benchmark; its splits are written already.
        devices: one fit at a time on each; naming ``cpu`` twice runs two on this machine's processors.
        scheduler: address of a running Dask scheduler, instead: one fit at a time in each worker, on its GPU where it
            has one. Workers must see the same files.

    Returns:
        The fits that failed, each with why. The next call runs them again.

    Raises:
        BundleError: no scheduler answers.
    """
    devices = tuple(devices) or default_devices()
    missing = [fit for fit in protocol.fits if not is_done(protocol, fit)]
    in_process = scheduler is None and len(devices) == 1
    failed: dict[Fit, BundleError] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("networks", total=len(protocol.fits), completed=len(protocol.fits) - len(missing))
        results = (
            _here(protocol, missing, devices[0], progress, task)
            if in_process
            else _distributed(protocol, missing, devices, scheduler)
        )
        for fit, error in results if missing else ():
            if error is not None:
                failed[fit] = error
                progress.console.print(f"failed: {error}", markup=False)
            progress.advance(task)
    return failed


def _here(
    protocol: Protocol, fits: Sequence[Fit], device: str, progress: Progress, task: object
) -> Iterator[tuple[Fit, BundleError | None]]:
    for fit in fits:
        progress.update(task, description=fit.name)  # type: ignore[arg-type]
        yield fit, _attempt(protocol, fit, device)


def _distributed(
    protocol: Protocol, fits: Sequence[Fit], devices: Sequence[str], scheduler: str | None
) -> Iterator[tuple[Fit, BundleError | None]]:
    local = tuple(devices) if scheduler is None else ()
    with dask_client(len(devices), scheduler) as client:
        futures = {client.submit(_on_worker, protocol, fit, local, pure=False): fit for fit in fits}
        for future, error in as_completed(futures, with_results=True):
            yield futures[future], error


def _on_worker(protocol: Protocol, fit: Fit, devices: Sequence[str]) -> BundleError | None:
    """Run a fit in a Dask worker: on this machine each has a device of its own, by its number."""
    if not devices:
        return _attempt(protocol, fit, None)
    device = devices[int(get_worker().name) % len(devices)]
    if device == "cpu":
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // len(devices)))
    return _attempt(protocol, fit, device)


def _attempt(protocol: Protocol, fit: Fit, device: str | None) -> BundleError | None:
    """Run a fit; one that fails is a row of the results, not the end of the others."""
    try:
        run_fit(protocol, fit, device)
    except BundleError as error:
        return error
    except torch.OutOfMemoryError as error:
        return BundleError(f"out of memory: {error}", record=f"fit {fit.name}", remedy="Lower --batch_size.")
    except Exception as error:
        write_atomically(protocol.folder(fit) / ERROR_NAME, traceback.format_exc())
        return BundleError(f"{type(error).__name__}: {error}", record=f"fit {fit.name}", remedy=f"See {ERROR_NAME}.")
    return None
