"""The tests undo what they do to their process."""

import logging
import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.process_state import process_state_kept


def _state() -> dict[str, object]:
    logger = logging.getLogger("csfnet_bundle")
    return {
        "logger": (logger.level, logger.propagate, [*logger.handlers]),
        "hook": sys.excepthook,
        "signal": signal.getsignal(signal.SIGTERM),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "torch": torch.get_rng_state().tolist(),
        "threads": torch.get_num_threads(),
        "kind": torch.get_default_dtype(),
        "deterministic": (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic),
    }


def _change_everything(folder: Path) -> None:
    logger = logging.getLogger("csfnet_bundle")
    logger.setLevel(1)
    logger.propagate = not logger.propagate
    logger.addHandler(logging.NullHandler())
    sys.excepthook = print
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ["CSFNET_ISOLATION"] = "1"
    os.environ["HOME"] = str(folder)
    os.environ.pop("PATH")
    os.chdir(folder)
    random.random()
    np.random.rand()  # noqa: NPY002
    torch.rand(1)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_default_dtype(torch.float64)
    torch.backends.cudnn.deterministic = not torch.backends.cudnn.deterministic


def test_what_a_block_changes_is_undone(tmp_path: Path) -> None:
    before = _state()
    with process_state_kept():
        _change_everything(tmp_path)
        changed = _state()
        assert {name for name in before if changed[name] != before[name]} == before.keys()
    assert _state() == before


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A fixture of several tests that tidies nothing up."""
    os.environ["CSFNET_ISOLATION"] = "1"
    torch.set_default_dtype(torch.float64)


def test_so_is_what_a_shared_fixture_changes(careless: None) -> None:
    assert "CSFNET_ISOLATION" not in os.environ
    assert torch.get_default_dtype() is torch.float32
