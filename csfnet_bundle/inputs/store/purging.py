"""Taking a patient out of a store, so that no byte of his or hers is left in it."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.store.entry import StoredRoi, line_content, line_head
from csfnet_bundle.inputs.store.shards import INDEX, VALUES, ShardReader, ShardWriter
from csfnet_bundle.inputs.store.store import ROI_LINE, is_store, open_store

HEADERS = "headers"
"""Subfolder of the store for the known index of DICOM folders: the next nodule of a scan reads no header again."""


def purge_patient(folder: Path, subject: str) -> int:
    """Remove all entries of a patient and return how many there were.

    Each pair of files that has one is written again without it, then removed. Lines that cannot be read are removed
    too, as they may be the patient's. Killed half-way, the same call ends it.

    Raises:
        BundleError: no store, or a run is writing to it.
    """
    if not is_store(folder):
        raise BundleError(f"{folder} is no ROI store", remedy="Name the folder that has rois.json.")
    open_store(folder).close_writer()
    removed = sum(_purge_shard(folder, index, subject) for index in sorted(folder.glob(f"*{INDEX}")))
    shutil.rmtree(folder / HEADERS, ignore_errors=True)  # they name patients, and are made again
    return removed


def _purge_shard(folder: Path, index: Path, subject: str) -> int:
    with index.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BundleError(
                "a run is writing to the store", record=str(folder), remedy="Wait for its end, or stop it."
            ) from None
        shard = ShardReader(index)
        lines = [shard.line(start, stop) for _, _, start, stop in shard.new_lines()]
        entries = [
            StoredRoi.from_plain(line_content(line), shard.values.name)
            for line in lines
            if (head := line_head(line)) is not None and head[0] == ROI_LINE
        ]
        kept = [entry for entry in entries if entry.subject != subject]
        if len(kept) == len(entries) and not shard.damaged_lines:
            return 0
        if kept:
            _copy(folder, shard, kept)
        index.unlink()
        index.with_suffix(VALUES).unlink(missing_ok=True)
        return len(entries) - len(kept)


def _copy(folder: Path, shard: ShardReader, entries: list[StoredRoi]) -> None:
    """Write entries into a new shard, with their checksums as they are: damage stays visible."""
    writer = ShardWriter(folder)
    try:
        for entry in entries:
            placed = replace(entry, offset=writer.offset)
            writer.append(shard.block(entry.offset, entry.length), placed.to_line())
    finally:
        writer.close()
