"""Processor time by share: what a command spent on loading, reading, matching, measuring, the network and its pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_spent: dict[str, float] = {}
_inner: list[float] = []
"""Of each share that is open, what shares within it took."""

START, REST = "import and load", "other"


@contextmanager
def share(name: str) -> Iterator[None]:
    """Count what the block takes as a share; a share within another counts for itself alone.

    The cost is two calls of the clock, so that it is always on.
    """
    start = time.process_time()
    _inner.append(0.0)
    try:
        yield
    finally:
        taken = time.process_time() - start
        within = _inner.pop()
        _spent[name] = _spent.get(name, 0.0) + taken - within
        if _inner:
            _inner[-1] += taken


def loaded() -> None:
    """Count all that the process has taken so far, and no share has, as import and load."""
    _spent[START] = time.process_time() - sum(seconds for name, seconds in _spent.items() if name != START)


def shares() -> dict[str, float]:
    """Return processor seconds by share; what no share counted is :data:`REST`. Child processes are left out."""
    return {**_spent, REST: max(time.process_time() - sum(_spent.values()), 0.0)}


def print_shares(pairs: int = 1) -> None:
    """Print a line for each share, and the sum.

    Args:
        pairs: how many pairs were predicted; with more than one, each share is also told for one of them.
    """
    found = shares()
    for name, seconds in (*found.items(), ("all", sum(found.values()))):
        each = f"  {seconds / pairs:7.2f} s a pair" if pairs > 1 and name != START else ""
        print(f"processor time, {name:<16} {seconds:7.2f} s{each}")
