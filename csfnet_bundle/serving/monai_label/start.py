"""How the app's ``serve.py`` starts MONAI Label, in MONAI Label's environment: for this machine alone, by default."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

HOST = "127.0.0.1"
"""MONAI Label itself would listen on all addresses, without a password."""
STARTS_WITHIN_SECONDS = 120
"""A worker of ``--workers`` imports torch, MONAI and MONAI Label before it answers its supervisor. Uvicorn waits for 5
seconds, takes it for dead and starts the next one, for ever."""
HEALTH_CHECK = "timeout_worker_healthcheck"
MISSING_OPERATORS = ("nms", "qnms")
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def declare_missing_operators() -> None:
    """Make ``import torchvision`` work where it was built for GPUs and torch for CPUs.

    MONAI Label imports torchvision for two drawing functions. Such a torchvision wants to describe two operators that
    its own library would have brought; they are declared here first, and nothing that is served calls them.
    """
    try:
        import torchvision  # noqa: F401 - whether it loads is the question
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in MISSING_OPERATORS:
            torch.library.define(f"torchvision::{operator}", SCHEMA)


def server_words(app: Path, studies: str, given: Sequence[str]) -> list[str]:
    """Return the words of MONAI Label's command.

    Args:
        app: the app's folder.
        studies: the folder or address that the app was made for.
        given: options of ``monailabel start_server``; they count where they name one of ours.
    """
    words = ["monailabel", "start_server", "--app", str(app)]
    for names, value in ((("--studies", "-s"), studies), (("--host", "-i"), HOST)):
        if not any(word.split("=")[0] in names for word in given):
            words += [names[0], value]
    return [*words, *given]


def patient(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``uvicorn.run`` with time for its workers to start; as it is where its version has no such limit."""
    if HEALTH_CHECK not in inspect.signature(run).parameters:
        return run
    return partial(run, **{HEALTH_CHECK: STARTS_WITHIN_SECONDS})


def start(app: Path, studies: str) -> None:
    """Start the server with the options of the command line."""
    import uvicorn
    from monailabel.main import Main

    uvicorn.run = patient(uvicorn.run)  # MONAI Label has no option for it
    sys.argv = server_words(app, studies, sys.argv[1:])
    Main().run()
