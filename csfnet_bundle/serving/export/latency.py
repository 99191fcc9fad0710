"""How long a prediction takes: the same batches through each way of running the network, in turns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from csfnet_bundle.serving.export.examples import Pairs
from csfnet_bundle.serving.export.runtimes import Runtime

WARM_UP = 2
"""Runs before the clock starts: the first ones allocate, choose kernels and, in TorchScript, optimise."""


@dataclass(frozen=True)
class Latency:
    """Times of one batch.

    Attributes:
        runtime: what ran the network.
        batch_size: pairs in the batch.
        median_ms: of the runs, milliseconds for the whole batch.
        quartiles_ms: first and third quartile.
        runs: how many runs were timed.
    """

    runtime: str
    batch_size: int
    median_ms: float
    quartiles_ms: tuple[float, float]
    runs: int


def measure_latency(
    runtimes: Mapping[str, Runtime], pairs: Pairs, batch_sizes: Iterable[int], runs: int
) -> list[Latency]:
    """Time every runtime on batches of every size.

    The runtimes take turns, run by run, so that whatever else the machine does falls on all of them alike.

    Args:
        runtimes: by name.
        pairs: at least as many as the largest batch.
        batch_sizes: pairs in a batch.
        runs: timed runs of each.
    """
    results = []
    for size in batch_sizes:
        batch = pairs.first(size)
        for run in runtimes.values():
            for _ in range(WARM_UP):
                run(batch)
        seconds: dict[str, list[float]] = {name: [] for name in runtimes}
        for _ in range(runs):
            for name, run in runtimes.items():
                started = time.perf_counter()
                run(batch)
                seconds[name].append(time.perf_counter() - started)
        results += [_latency(name, size, times) for name, times in seconds.items()]
    return results


def _latency(name: str, batch_size: int, seconds: Sequence[float]) -> Latency:
    first, median, third = np.quantile(seconds, (0.25, 0.5, 0.75)) * 1000
    return Latency(name, batch_size, float(median), (float(first), float(third)), len(seconds))
