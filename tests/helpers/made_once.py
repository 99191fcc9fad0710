"""Folders that are made once for all processes of a test run."""

import fcntl
from collections.abc import Callable
from pathlib import Path

from csfnet_bundle.core.files import atomic_folder

MadeOnce = Callable[[str, Callable[[Path], object]], Path]
"""Gives a folder by its name and what makes it; read only."""


def made_once(root: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder ``name`` in ``root``; the first process that asks makes it, others wait."""
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with atomic_folder(folder) as partial:
                make(partial)
    return folder
