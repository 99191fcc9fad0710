"""Checking a whole store: every line of its manifest, every value, and what lies beside them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs.store.entry import StoredRoi
from csfnet_bundle.inputs.store.shards import INDEX, VALUES
from csfnet_bundle.inputs.store.store import DamagedEntry, RoiStore, is_store


@dataclass(frozen=True)
class StoreReport:
    """What a check of a store found.

    Attributes:
        entries: sound entries.
        pairs: different pairs among them.
        patients: different patients.
        bytes: of their values.
        replaced: entries that a later one of the same pair and place stands for.
        damaged: names of pairs whose values are damaged and were not read again since, each with what is wrong.
        damaged_lines: lines of the manifest that cannot be read, so that nobody knows whose they are.
        strays: files without their counterpart.
    """

    entries: int
    pairs: int
    patients: int
    bytes: int
    replaced: int
    damaged: tuple[str, ...]
    damaged_lines: int
    strays: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing is damaged."""
        return not (self.damaged or self.damaged_lines or self.strays)

    def lines(self) -> list[str]:
        """Return the report in words."""
        return [
            f"{self.pairs:,} pairs of {self.patients:,} patients in {self.entries:,} entries, {self.bytes / 1e9:.2f} GB"
            + (f"; {self.replaced:,} entries were replaced by later ones" if self.replaced else ""),
            *(f"damaged: {text}" for text in self.damaged),
            *([f"damaged: {self.damaged_lines} lines of the manifest"] if self.damaged_lines else []),
            *(f"damaged: {name} has no counterpart" for name in self.strays),
            "The store can be used."
            if self.usable
            else "The other entries can be used. Read the damaged pairs again from their images.",
        ]


def verify_store(folder: Path) -> StoreReport:
    """Read everything in a store and compare it with its checksums, with a progress bar on a terminal.

    Raises:
        BundleError: the folder is no store, or one of another version.
    """
    if not is_store(folder):
        raise BundleError(f"{folder} is no ROI store", remedy="Name the folder that has rois.json.")
    store = RoiStore(folder)
    store.refresh()
    entries = list(store)
    sound: list[StoredRoi] = []
    damaged: list[tuple[StoredRoi, str]] = []
    with progress_bar("checking ROIs", len(entries), show=sys.stderr.isatty()) as advance:
        for entry in entries:
            try:
                if not np.isfinite(store.values(entry)).all():
                    raise DamagedEntry("values that are no numbers")
                sound.append(entry)
            except DamagedEntry as error:
                damaged.append((entry, f"{entry.name}: {error}"))
            advance(1)
    places = {(*_what(entry), entry.sources[-1].origin) for entry in sound}
    newest: dict[object, int] = {}
    for entry in sound:
        newest[_what(entry)] = max(newest.get(_what(entry), 0), entry.written_ns)
    files = {path.name for path in folder.iterdir()}
    strays = [
        name
        for name in sorted(files)
        for suffix, other in ((VALUES, INDEX), (INDEX, VALUES))
        if name.endswith(suffix) and name.removesuffix(suffix) + other not in files
    ]
    return StoreReport(
        entries=len(sound),
        pairs=len({entry.name for entry in sound}),
        patients=len({entry.subject for entry in sound}),
        bytes=sum(entry.length for entry in sound),
        replaced=len(sound) - len(places),
        damaged=tuple(text for entry, text in damaged if newest.get(_what(entry), 0) < entry.written_ns),
        damaged_lines=store.damaged_lines,
        strays=tuple(strays),
    )


def _what(entry: StoredRoi) -> tuple[object, ...]:
    return entry.key, entry.places, entry.size, entry.spacing
