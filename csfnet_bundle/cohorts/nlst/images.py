"""Finding the folders of series below a folder of images, whichever program laid them out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.records.rows import UID


def find_series(images: Path, uids: Iterable[str]) -> Mapping[str, Path]:
    """Return the folders of the series that are below ``images``, by SeriesInstanceUID.

    A folder holds a series if its name is the UID, or ends in it after ``_`` (``CT_1.2.3``, as idc-index has it).
    Folders whose names start with a dot are left out: a download in progress.
    """
    wanted = set(uids)
    found: dict[str, Path] = {}
    for parent, names, _ in os.walk(images):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in names:
            uid = name.rpartition("_")[2]
            if uid in wanted and UID.fullmatch(uid):
                found.setdefault(uid, Path(parent, name))
    return found


def missing_instances(here: Mapping[str, Path], found: Mapping[str, IndexedSeries]) -> dict[str, str]:
    """Return what is wrong with series that have fewer files than the index has instances, by SeriesInstanceUID."""
    problems = {}
    for uid, folder in here.items():
        expected = found[uid].instances
        with os.scandir(folder) as entries:
            files = sum(entry.is_file() for entry in entries)
        if files < expected:
            problems[uid] = f"{files} files are in {folder}, the index says {expected} instances"
    return problems
