"""What the measuring network is trained on: cubes of a nodule with its target, kept in one array on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.nodule.network_input import SPACING_MM

CUBE = (48, 64, 64)
"""Voxels (D, H, W) of :data:`SPACING_MM` kept around each nodule: a crop and the turns and shifts it may take."""
CHANNELS = ("hu_continued", "hu_mirrored", "target", "weight")
"""HU where the outermost voxels go on beyond the box, HU mirrored there, 1000 x target and 1000 x weight: int16."""
SCALE = 1000
"""Shares and weights are kept as thousandths."""
KEEP_EVERY = 20
"""An interrupted preparation goes on from the last so many."""
LARGE_MM = 13.0
"""Nodules from this diameter on get the larger crops."""


@dataclass(frozen=True)
class Example:
    """What is known of one cube beside its voxels.

    Attributes:
        name: of the volume, or of the drawn nodule.
        patient: whose nodule it is; empty for drawn ones.
        diameter_mm: of the sphere with the target's volume.
        subsolid: part-solid or ground glass.
    """

    name: str
    patient: str
    diameter_mm: float
    subsolid: bool

    @property
    def is_large(self) -> bool:
        """Whether it gets the larger crops."""
        return self.diameter_mm >= LARGE_MM


@dataclass(frozen=True)
class Examples:
    """Cubes of nodules.

    Attributes:
        cubes: int16, shape (M, 4, D, H, W): :data:`CHANNELS`, the nodule's centroid in the middle; mapped from disk.
        rows: what is known of each example.
        places: which of the cubes each example has.
    """

    cubes: NDArray[np.int16]
    rows: tuple[Example, ...]
    places: tuple[int, ...]

    def cube(self, number: int) -> NDArray[np.int16]:
        """Return one example's voxels, shape (4, D, H, W)."""
        return self.cubes[self.places[number]]

    def without_patients(self, patients: set[str]) -> Examples:
        """Return the examples of all others."""
        keep = [number for number, row in enumerate(self.rows) if row.patient not in patients]
        rows = tuple(self.rows[number] for number in keep)
        return Examples(self.cubes, rows, tuple(self.places[number] for number in keep))


def cached_examples(
    folder: Path, name: str, count: int, make: Callable[[int], tuple[NDArray[np.int16], Example]], show: Sequence[str]
) -> Examples:
    """Return examples, made once and kept in ``folder``.

    Args:
        folder: for ``NAME.npy`` and ``NAME.json``.
        name: of the files.
        count: how many examples there are.
        make: makes the example of a number: int16 (4, D, H, W) and what is known of it.
        show: what else must be the same for the kept examples to be taken, e.g. the settings of their making.

    Raises:
        BundleError: the kept files do not fit each other.
    """
    array, table = folder / f"{name}.npy", folder / f"{name}.json"
    header = {"count": count, "cube": list(CUBE), "spacing_mm": SPACING_MM, "made_of": list(show)}
    if array.is_file() and table.is_file():
        known = json.loads(table.read_text(encoding="utf-8"))
        if known["header"] == header:
            cubes = np.load(array, mmap_mode="r")
            if len(cubes) != count or len(known["rows"]) != count:
                raise BundleError(
                    f"{array} has {len(cubes)} cubes, expected {count}", remedy=f"Delete {folder} and start again."
                )
            return Examples(cubes, tuple(Example(**row) for row in known["rows"]), tuple(range(count)))
    folder.mkdir(parents=True, exist_ok=True)
    part, part_table = folder / f"{name}.part.npy", folder / f"{name}.part.json"
    rows = _kept_rows(part, part_table, header)
    shape = (count, len(CHANNELS), *CUBE)
    cubes = np.load(part, mmap_mode="r+") if rows else np.lib.format.open_memmap(part, "w+", np.int16, shape)
    with progress_bar(f"preparing {name}", count) as advance:
        advance(len(rows))
        for number in range(len(rows), count):
            cubes[number], row = make(number)
            rows.append(row)
            advance(1)
            if len(rows) % KEEP_EVERY == 0 or len(rows) == count:
                cubes.flush()
                write_atomically(part_table, json.dumps({"header": header, "rows": [asdict(row) for row in rows]}))
    part.replace(array)
    part_table.replace(table)
    return Examples(np.load(array, mmap_mode="r"), tuple(rows), tuple(range(count)))


def _kept_rows(part: Path, table: Path, header: dict[str, object]) -> list[Example]:
    """Return what an interrupted preparation has made so far."""
    if not (part.is_file() and table.is_file()):
        return []
    known = json.loads(table.read_text(encoding="utf-8"))
    return [Example(**row) for row in known["rows"]] if known["header"] == header else []
