"""All fits of a benchmark, over the devices of this machine or the workers of a Dask scheduler."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from dask.distributed import Future, KilledWorker, as_completed, get_worker
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from csfnet_bundle.core.errors import BundleError, in_one_line
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.processes import allow_children
from csfnet_bundle.inputs.preparation import dask_client
from csfnet_bundle.studies.benchmark.fitting import is_done, run_fit
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol

ERROR_NAME = "error.txt"
"""In the folder of a fit that failed for an unforeseen reason: where in the code."""
LESS_MEMORY = "Run fewer fits at a time (--devices), or lower batch_size by a --config, with another --out."
"""Another config is another benchmark, so that it needs a folder of its own."""


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
        numbers = {} if local else _numbers_on_host(client.scheduler_info(n_workers=-1)["workers"])

        def submit(fit: Fit) -> Future[BundleError | None]:
            return client.submit(_on_worker, protocol, fit, local, numbers, pure=False)

        futures, killed = {submit(fit): fit for fit in fits}, []
        for future in as_completed(futures):
            if isinstance(future.exception(), KilledWorker):
                killed.append(futures[future])
            else:
                yield futures[future], _answer(future, futures[future])
        # Dask blames whatever waited at the worker as well. Alone, a fit dies of itself, and has all of the memory.
        for fit in killed:
            yield fit, _answer(submit(fit), fit)


def _answer(future: Future[BundleError | None], fit: Fit) -> BundleError | None:
    """Wait for a worker's answer; one that gives none is a row of the results like a fit that fails."""
    try:
        return future.result()
    except KilledWorker:
        return BundleError(
            "the system killed every process that ran it, most likely for lack of memory",
            record=f"fit {fit.name}",
            remedy=LESS_MEMORY,
        )
    except Exception as error:
        return BundleError(f"no answer: {type(error).__name__}: {in_one_line(error)}", record=f"fit {fit.name}")


def _numbers_on_host(workers: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return for every worker of a cluster, by its address, which one of its machine it is."""
    numbers: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for address in sorted(workers):
        host = str(workers[address]["host"])
        numbers[address] = seen[host]
        seen[host] += 1
    return numbers


def _on_worker(protocol: Protocol, fit: Fit, devices: Sequence[str], numbers: Mapping[str, int]) -> BundleError | None:
    """Run a fit in a Dask worker: each has a device of its own, by its number on its machine.

    A worker whose ``CUDA_VISIBLE_DEVICES`` somebody has set, as ``dask-cuda`` does, takes the first that it sees.
    """
    allow_children()
    if not devices:
        device = None
        if torch.cuda.device_count() > 1 and "CUDA_VISIBLE_DEVICES" not in os.environ:
            device = f"cuda:{numbers.get(get_worker().address, 0) % torch.cuda.device_count()}"
        return _attempt(protocol, fit, device)
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
        return BundleError(f"out of memory: {error}", record=f"fit {fit.name}", remedy=LESS_MEMORY)
    except Exception as error:
        place = protocol.folder(fit) / ERROR_NAME
        write_atomically(place, traceback.format_exc())
        return BundleError(
            f"{type(error).__name__}: {in_one_line(error)}", record=f"fit {fit.name}", remedy=f"See {place}."
        )
    return None
