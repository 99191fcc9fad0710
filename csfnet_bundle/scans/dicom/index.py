"""The known index: the headers of a folder's files kept on disk, so that the next ROI of the folder reads none again.

Every file is looked up (size, times of modification and of change) each time; only what the index does not know as it
is now is read. The index is JSON with a checksum: nothing of it is executed, and a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.instance import Fault, Instance

INDEX_VERSION = 3
"""Goes up when a change of the header pass changes what an instance holds: an index of before is then not used."""

SETTLED_NS = 2_000_000_000
"""Age of a file's last change from which its times tell changes apart. A file that changes twice within the clock's
tick keeps its times; the coarsest clock in use (FAT) ticks every 2 s."""

_FIELDS = tuple(field.name for field in fields(Instance) if field.name != "path")
_TUPLES = frozenset(("position", "orientation", "pixel_spacing", "padding"))
_SET: dict[str, Any] = {field.name: vars(Instance)[field.name].__set__ for field in fields(Instance)}
"""Setters of the slots. Instances are frozen; filling hundreds by their constructor takes longer than the ROI may."""

State = tuple[int, int, int]
"""Size, time of modification and time of change (ns) of a file; zeros if it is gone."""
GONE: State = (0, 0, 0)


class KnownFile(NamedTuple):
    """What a file was found to be (a named tuple, as there are hundreds to make).

    Attributes:
        state: the file when it was read.
        found: its instances, or why it has none.
    """

    state: State
    found: Sequence[Instance] | Skip

    @property
    def is_lasting(self) -> bool:
        """Whether the file's times would show another change, so that the index may keep it."""
        age = time.time_ns() - max(self.state[1:])
        is_found = isinstance(self.found, Skip) or all(item.fault is None or item.fault.lasting for item in self.found)
        return age > SETTLED_NS and self.state != GONE and is_found


def file_state(path: str, *, follow_links: bool = False) -> State:
    """Return size and times of a file, or of what a link to one points to."""
    try:
        status = os.stat(path) if follow_links else os.lstat(path)  # noqa: PTH116 - Path costs more than the call
    except OSError:
        return GONE
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def index_path(folder: str | os.PathLike[str], index: str | os.PathLike[str]) -> Path:
    """Return the file of the index folder that knows, or would know, a folder of DICOM files."""
    name = hashlib.sha256(os.path.realpath(folder).encode("utf-8", "surrogateescape")).hexdigest()
    return Path(index) / f"{name[:32]}.json"


def load_index(file: Path, folder: str) -> dict[str, KnownFile]:
    """Return what the index knows, by path: nothing if there is none, it is damaged, or another version made it.

    Args:
        file: the index.
        folder: the folder of DICOM files, which paths begin with.
    """
    try:
        checksum, _, content = file.read_bytes().partition(b"\n")
        if checksum != _checksum(content):
            return {}
        document = json.loads(content)
        if document["made_by"] != _made_by():
            return {}
        start = _start(folder)
        names = [start + name for name in document["names"]]
        found: list[list[Instance] | Skip] = [
            Skip(outcome) if isinstance(outcome, str) else [] for outcome in document["outcomes"]
        ]
        files = document["files"]
        for place, instance in zip(files, _instances(document["columns"], [names[i] for i in files]), strict=True):
            found[place].append(instance)
        states: Iterable[Any] = map(tuple, document["states"])
        return {name: KnownFile(state, item) for name, state, item in zip(names, states, found, strict=True)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return {}  # a damaged index is made again


def save_index(file: Path, folder: str, known: dict[str, KnownFile]) -> None:
    """Write the index in one step."""
    start = len(_start(folder))
    instances: list[Instance] = []
    files: list[int] = []
    for place, item in enumerate(known.values()):
        if not isinstance(item.found, Skip):
            instances.extend(item.found)
            files.extend([place] * len(item.found))
    document = {
        "made_by": _made_by(),
        "names": [path[start:] for path in known],
        "states": [item.state for item in known.values()],
        "outcomes": [item.found.value if isinstance(item.found, Skip) else None for item in known.values()],
        "files": files,
        "columns": {name: _column([getattr(item, name) for item in instances]) for name in _FIELDS},
    }
    content = json.dumps(document, separators=(",", ":")).encode("ascii")
    write_atomically(file, _checksum(content) + b"\n" + content)


def _checksum(content: bytes) -> bytes:
    return b"%08x" % zlib.crc32(content)


def _start(folder: str) -> str:
    """Return what the paths of all files in the folder begin with."""
    return os.path.join(folder, "")  # noqa: PTH118 - as os.scandir puts its paths together


def _made_by() -> list[object]:
    return [__version__, INDEX_VERSION, list(_FIELDS)]


def _column(values: list[object]) -> dict[str, object]:
    """Return a column; most values are the same in all slices of a series."""
    plain = [[str(value.code), value.problem, value.remedy] if isinstance(value, Fault) else value for value in values]
    if plain and all(value == plain[0] for value in plain):
        return {"all": plain[0]}
    return {"each": plain}


def _instances(columns: dict[str, dict[str, Any]], paths: Sequence[str]) -> list[Instance]:
    instances = [object.__new__(Instance) for _ in paths]
    _fill("path", instances, paths)
    for name in _FIELDS:
        column = columns[name]
        if "each" in column:
            values: Iterable[object] = column["each"]
            if len(column["each"]) != len(instances):
                raise ValueError(f"{name}: {len(column['each'])} values")
            _fill(name, instances, [_restored(name, value) for value in values])
        else:
            _fill(name, instances, [_restored(name, column["all"])] * len(instances))
    return instances


def _restored(name: str, value: Any) -> object:
    if value is None:
        return None
    if name in _TUPLES:
        return tuple(value)
    if name == "fault":
        return Fault(RefusalCode(value[0]), str(value[1]), str(value[2]))
    return value


def _fill(name: str, instances: list[Instance], values: Sequence[object]) -> None:
    for _ in map(_SET[name], instances, values):
        pass
