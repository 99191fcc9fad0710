"""Fill the ROI store for a whole cohort, over processes or a cluster, before anything is trained."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processes import allow_children
from csfnet_bundle.inputs.cache import RoiCache
from csfnet_bundle.inputs.store.finding import Kept
from csfnet_bundle.records import FollowUpPair

if TYPE_CHECKING:
    from dask.distributed import Client

logger = logging.getLogger(__name__)

SMALLEST_PARALLEL = 32
"""Pairs; fewer are read in this process sooner than worker processes start (2-3 s)."""


ANY_LOCAL_PORT = "127.0.0.1:0"
"""For the scheduler's page, which Dask serves even without a dashboard: its usual port may be another run's."""

SCHEDULER_PATIENCE_S = 20.0
"""Seconds within which a scheduler answers, on a busy network too."""


def prepare_rois(
    pairs: Sequence[FollowUpPair],
    datalist_folder: Path,
    cache: RoiCache,
    *,
    workers: int = 2,
    scheduler: str | None = None,
) -> dict[str, BundleError]:
    """Read every pair that the store does not have as its images are now, with a progress bar on the terminal.

    Interrupted, it goes on where it stopped: what is stored stays stored.

    Args:
        pairs: the pairs to read.
        datalist_folder: the folder that their paths are relative to.
        cache: reads through the store; must have a folder.
        workers: processes on this machine.
        scheduler: address of a running Dask scheduler (``tcp://host:8786``) whose workers see the same files.

    Returns:
        For every pair that cannot be read, by name, the error. The others are stored.
    """
    refused: dict[str, BundleError] = {}
    cache.store.refresh()
    kept = {pair.name: cache.look_up(pair, datalist_folder) for pair in pairs}
    missing = [pair for pair in pairs if kept[pair.name] is not Kept.CURRENT]
    if not missing:
        return refused
    changed = sum(found is Kept.CHANGED for found in kept.values())
    told = f"; the images of {changed} have changed since" if changed else ""
    logger.info("reading %d of %d follow-up pairs (the others are stored%s)", len(missing), len(pairs), told)
    in_process = scheduler is None and (workers < 2 or len(missing) < SMALLEST_PARALLEL)
    results = (
        ((pair.name, _prepare(pair, datalist_folder, cache)) for pair in missing)
        if in_process
        else _distributed(missing, datalist_folder, cache, workers, scheduler)
    )
    for name, refusal in _with_progress(results, len(missing)):
        if refusal is not None:
            refused[name] = refusal
            # No patient's identity stands in a log line; the caller has the record's name.
            logger.warning("a follow-up pair cannot be read: %s", getattr(refusal, "code", "record"))
    cache.store.refresh()  # for what other processes wrote
    for pair in missing:
        if pair.name not in refused:
            cache.look_up(pair, datalist_folder)  # so that nobody looks again in this run
    return refused


def _prepare(pair: FollowUpPair, folder: Path, cache: RoiCache) -> BundleError | None:
    """Read one pair into the store; a pair that cannot be read is a result, not the end of the run."""
    allow_children()  # for the decoder of compressed slices
    try:
        cache.read(pair, folder)
    except BundleError as error:
        return error
    return None


def _distributed(
    pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache, workers: int, scheduler: str | None
) -> Iterator[tuple[str, BundleError | None]]:
    from dask.distributed import as_completed

    with dask_client(workers, scheduler) as client:
        place = folder.absolute()  # a remote worker is at home in another folder
        futures = {client.submit(_prepare, pair, place, cache, pure=False): pair.name for pair in pairs}
        for future, result in as_completed(futures, with_results=True):
            yield futures[future], result


@contextmanager
def dask_client(workers: int, scheduler: str | None) -> Iterator[Client]:
    """Give a Dask client of new worker processes on this machine, or of a scheduler that is running already.

    Args:
        workers: processes on this machine, one thread each, named 0, 1, ...
        scheduler: address of a running scheduler, instead.

    Raises:
        BundleError: no scheduler answers there.
    """
    # Dask costs half a second to import, and one prediction never needs it.
    import dask
    from dask.distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=SCHEDULER_PATIENCE_S)
        except (OSError, ValueError) as error:  # nobody there, or no address
            raise BundleError(
                f"no Dask scheduler answers at {scheduler!r} ({type(error).__name__})",
                remedy="Start one with `dask scheduler`, or leave --scheduler out to use this machine.",
            ) from None
        with client:
            yield client
        return
    _silence_distributed()
    # A daemonic process may have no children, and the DICOM reader decodes compressed slices in one.
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": ANY_LOCAL_PORT},
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        # On a busy machine a worker can miss its scheduler at the end of the work, and prints a traceback for it.
        client.run(_silence_distributed)
        yield client


def _silence_distributed() -> None:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _with_progress(
    results: Iterable[tuple[str, BundleError | None]], total: int
) -> Iterator[tuple[str, BundleError | None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading ROIs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        for result in results:
            yield result
            progress.advance(task)
