"""What a test may change in its process, and how it was before."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

LOGGERS = (None, "csfnet_bundle", "ignite", "monai")
OF_PYTEST = "PYTEST_CURRENT_TEST"
"""Which pytest changes within a test."""


@contextmanager
def process_state_kept() -> Iterator[None]:
    """Undo what the block does to loggers, hooks, signals, environment, folder, random numbers and torch's settings."""
    undo = [
        *map(_logger, LOGGERS),
        _excepthook(),
        _sigterm(),
        _environment(),
        _folder(),
        _random_numbers(),
        _torch(),
    ]
    try:
        yield
    finally:
        for step in undo:
            step()


def _logger(name: str | None) -> Callable[[], None]:
    logger = logging.getLogger(name)
    level, propagate, handlers = logger.level, logger.propagate, [*logger.handlers]

    def undo() -> None:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers

    return undo


def _excepthook() -> Callable[[], None]:
    hook = sys.excepthook
    return lambda: setattr(sys, "excepthook", hook)


def _sigterm() -> Callable[[], None]:
    """A command ends on SIGTERM as an exception does; the process of the tests ends at once."""
    before = signal.getsignal(signal.SIGTERM)

    def undo() -> None:
        if signal.getsignal(signal.SIGTERM) != before:
            signal.signal(signal.SIGTERM, before)

    return undo


def _environment() -> Callable[[], None]:
    before = dict(os.environ)

    def undo() -> None:
        for name in os.environ.keys() - before.keys() - {OF_PYTEST}:
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value and name != OF_PYTEST:
                os.environ[name] = value

    return undo


def _folder() -> Callable[[], None]:
    before = Path.cwd()
    return lambda: os.chdir(before)


def _random_numbers() -> Callable[[], None]:
    python, array = random.getstate(), np.random.get_state()  # noqa: NPY002 - others' code uses it

    def undo() -> None:
        random.setstate(python)
        np.random.set_state(array)  # noqa: NPY002

    return undo


def _torch() -> Callable[[], None]:
    torch = sys.modules.get("torch")
    if torch is None:
        return lambda: None
    threads, kind, state = torch.get_num_threads(), torch.get_default_dtype(), torch.get_rng_state()
    deterministic = torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark

    def undo() -> None:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(kind)
        torch.set_rng_state(state)
        if torch.are_deterministic_algorithms_enabled() != deterministic:
            torch.use_deterministic_algorithms(deterministic)
        torch.set_flush_denormal(False)
        cudnn.deterministic, cudnn.benchmark = flags

    return undo
