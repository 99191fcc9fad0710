"""``fuzz-reader``: the DICOM reader on thousands of damaged files; each must be read, skipped or rejected."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def fuzz_reader(
    files: int = 10_000,
    seed: int = 0,
    first: int = 0,
    json: Path | None = None,
    kind: Literal["dicom", "volumes"] = "dicom",
) -> int:
    """Damage CT files, read each, and count what became of them.

    Args:
        files: how many.
        seed: of the damage: the same seed gives the same files.
        first: number of the first file; with ``--files 1`` one file is tried again.
        json: file that keeps the counts.
        kind: ``dicom`` (every transfer syntax) or ``volumes`` (NIfTI and MetaImage).

    Returns:
        0 if every file was read, skipped or rejected within 2 s of processor time and 512 MB; else 1.

    Examples:
        csfnet fuzz-reader --files 500 --seed 3
        csfnet fuzz-reader --kind volumes --files 5000 --seed 3
    """
    from csfnet_bundle.studies.reader.fuzzing import fuzz

    return 0 if fuzz(files, seed, first, json, kind) else 1
