"""What a study takes of a processor, summed over the runs that it took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csfnet_bundle.core.files import write_atomically


def add_seconds(path: Path, name: str, begun: float) -> float:
    """Add the processor seconds since ``begun`` to what was spent before, and return what the clock says now.

    Args:
        path: JSON file of seconds by name; created if it is missing.
        name: what they were spent on.
        begun: of ``time.process_time``.
    """
    now = time.process_time()
    before = read_seconds(path)
    before[name] = round(before.get(name, 0.0) + now - begun, 1)
    write_atomically(path, json.dumps(before, indent=1) + "\n")
    return now


@contextmanager
def counted(path: Path, name: str) -> Iterator[None]:
    """Add the processor seconds of a block, also where an error or a key ends it; see :func:`add_seconds`."""
    begun = time.process_time()
    try:
        yield
    finally:
        add_seconds(path, name, begun)


def read_seconds(path: Path) -> dict[str, float]:
    """Return the seconds by name, or an empty mapping if there is no file."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
