"""Sound DICOM files in every transfer syntax, to be damaged by :mod:`csfnet_bundle.cohorts.phantom.mutations`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from csfnet_bundle.cohorts.phantom.compression import rewrite_series
from csfnet_bundle.cohorts.phantom.enhanced import write_enhanced
from csfnet_bundle.cohorts.phantom.mutations import Sample
from csfnet_bundle.cohorts.phantom.plain_series import write_plain_series
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED

SLICES, MATRIX = 5, 32
MIDDLE = SLICES // 2

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    DeflatedExplicitVRLittleEndian,
)
SAME_FRAMES = {JPEGLosslessSV1: JPEGLossless, JPEGLSLossless: JPEGLSNearLossless, JPEG2000Lossless: JPEG2000}
"""Syntaxes whose decoders read the frames of another: only the UID is exchanged."""


@dataclass(frozen=True)
class FuzzSeries:
    """A sound series in a folder of its own, and the one file of it that is damaged."""

    folder: Path
    file: Path
    sample: Sample


def make_fuzz_series(folder: Path) -> list[FuzzSeries]:
    """Write a small series in every transfer syntax, and as multi-frame instances.

    Args:
        folder: where they go; made here.

    Returns:
        Each series, the slice amid it to be damaged.
    """
    plain = write_plain_series(folder / "plain", SLICES, MATRIX)
    folders = {}
    for syntax in SYNTAXES:
        folders[_name(syntax)] = rewrite_series(plain, folder / str(syntax), syntax)
        if syntax in SAME_FRAMES:
            other = SAME_FRAMES[syntax]
            folders[_name(other)] = _renamed(folders[_name(syntax)], syntax, other)
    series = []
    for name, place in folders.items():
        file = sorted(place.iterdir())[MIDDLE]
        series.append(FuzzSeries(place, file, Sample.of(name, file.read_bytes())))
    multiframe = write_enhanced(plain, folder / "enhanced" / "multiframe.dcm")
    compressed = rewrite_series(multiframe.parent, folder / "enhanced compressed", RLELossless) / multiframe.name
    for name, file in (("multi-frame, explicit VR", multiframe), ("multi-frame, RLE", compressed)):
        series.append(FuzzSeries(file.parent, file, Sample.of(name, file.read_bytes())))
    return series


def _name(syntax: str) -> str:
    return ALLOWED[syntax].name if syntax in ALLOWED else "deflated explicit VR little endian"


def _renamed(folder: Path, syntax: UID, other: UID) -> Path:
    """Copy a series, calling its transfer syntax by another UID that its decoder reads too."""
    target = folder.with_name(str(other))
    target.mkdir()
    for file in folder.iterdir():
        old, new = (f"{uid}\0" if len(uid) % 2 else str(uid) for uid in (syntax, other))
        data = file.read_bytes().replace(
            len(old).to_bytes(2, "little") + old.encode(), len(new).to_bytes(2, "little") + new.encode(), 1
        )
        (target / file.name).write_bytes(data)
    return target
