"""Work over processes that end with the program, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import FrameType
from typing import TypeVar

SMALLEST_PARALLEL = 32
"""Items; fewer are done in this process sooner than others start (2-3 s)."""
CHUNKS_EACH = 8
"""Parts of the work that each process gets: few enough that neighbours, which share a folder, stay together."""
TERMINATED = 128 + signal.SIGTERM
"""The exit status that shells give a program that SIGTERM ended."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_over_processes(function: Callable[[Item], Result], items: Sequence[Item], workers: int = 1) -> Iterator[Result]:
    """Yield ``function`` of each item in order.

    Args:
        function: of a module, so that another process can import it, or a partial of one.
        items: what it is applied to; neighbours go to the same process.
        workers: processes; 1, or few items, and this process does all.
    """
    if workers < 2 or len(items) < SMALLEST_PARALLEL:
        yield from map(function, items)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=end_with_parent)
    try:
        yield from pool.map(function, items, chunksize=max(1, len(items) // (workers * CHUNKS_EACH)))
    except BaseException:
        for process in list(pool._processes.values()):  # public from Python 3.14 on: terminate_workers
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent.join,), daemon=True).start()


def _wait_and_end(wait: Callable[[], None]) -> None:
    wait()
    os._exit(TERMINATED)


def allow_children() -> None:
    """Let this process have processes of its own, which Python denies daemons: the workers of a Dask cluster are some.

    The loader of a training and the decoder of compressed slices start processes, and both end with this one.
    """
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]


def end_on_sigterm() -> None:
    """Let SIGTERM end the program as an exception does: files are put in order and worker processes stopped.

    Only the main thread can set this, and a handler that somebody else has set stays.
    """
    is_default = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if is_default and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would interrupt the tidying up
    sys.exit(TERMINATED)
