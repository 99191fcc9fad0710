"""One line of a store's index: what a pair's stored ROIs are, and where their values lie."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

VALUE_BYTES = 4
"""Of a float32."""


@dataclass(frozen=True)
class Source:
    """One scan that a ROI was cut from.

    Attributes:
        origin: SHA-256 of the absolute path of its folder or file, so that two cohorts keep apart.
        state: SHA-256 of names, sizes and times of its files: another state means that a file may have changed.
        digest: SHA-256 of the series' SOPInstanceUIDs and sizes, or of the volume file; the same on every machine.
        series_uid: SeriesInstanceUID; empty for files that are not DICOM.
    """

    origin: str
    state: str
    digest: str = ""
    series_uid: str = ""


@dataclass(frozen=True)
class StoredRoi:
    """An entry of the manifest.

    Attributes:
        key: what of the record names the pair's scans, as a digest (:mod:`csfnet_bundle.inputs.store.identity`).
        subject: PatientID.
        nodule: the nodule's name.
        places: for each scan, its point and space, or how it was matched.
        size: voxels (D, H, W) of the ROI that was asked for, without the margin.
        spacing: mm along (D, H, W).
        margin: voxels along (D, H, W) that are stored on either side of it.
        shape: (S, D, H, W) of the values; one scan where there is no t0.
        affines: for each scan, (4, 4) from (d, h, w, 1) of its stored values to LPS mm.
        findings: what the readers noticed.
        series: for each channel, the series in plain values (:class:`csfnet_bundle.scans.dicom.SeriesSummary`).
        sources: for each scan, where it was read from.
        reader_version: of the readers that read it.
        bundle_version: of the package that wrote it.
        written_ns: when, ns since 1970: of two entries the later one counts.
        offset: of its values in the file ``values``, bytes.
        crc32: of its values.
        values: name of the file with its values.
    """

    key: str
    subject: str
    nodule: str
    places: tuple[str, ...]
    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    margin: tuple[int, int, int]
    shape: tuple[int, int, int, int]
    affines: tuple[tuple[tuple[float, ...], ...], ...]
    findings: tuple[str, ...]
    series: tuple[Mapping[str, object] | None, ...]
    sources: tuple[Source, ...]
    reader_version: int
    bundle_version: str
    written_ns: int
    offset: int
    crc32: int
    values: str = ""

    @property
    def name(self) -> str:
        """How messages call the pair."""
        return f"{self.subject}/{self.nodule}"

    @property
    def length(self) -> int:
        """Length of its values."""
        return VALUE_BYTES * prod(self.shape)

    @property
    def place(self) -> str:
        """Where its values lie, in one text: what a line about other sources refers to."""
        return f"{self.values}:{self.offset}"

    def to_line(self) -> bytes:
        """Return the entry's line."""
        plain = {name: value for name, value in asdict(self).items() if name != "values"}
        return checked_line("roi", self.key, plain)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], values: str) -> StoredRoi:
        """Return the entry of a line's content; raises what a content of other kinds raises."""
        return cls(
            key=str(plain["key"]),
            subject=str(plain["subject"]),
            nodule=str(plain["nodule"]),
            places=tuple(map(str, plain["places"])),
            size=tuple(map(int, plain["size"])),  # type: ignore[arg-type]
            spacing=tuple(map(float, plain["spacing"])),  # type: ignore[arg-type]
            margin=tuple(map(int, plain["margin"])),  # type: ignore[arg-type]
            shape=tuple(map(int, plain["shape"])),  # type: ignore[arg-type]
            affines=tuple(tuple(map(tuple, affine)) for affine in plain["affines"]),
            findings=tuple(map(str, plain["findings"])),
            series=tuple(plain["series"]),
            sources=tuple(Source(**source) for source in plain["sources"]),
            reader_version=int(plain["reader_version"]),
            bundle_version=str(plain["bundle_version"]),
            written_ns=int(plain["written_ns"]),
            offset=int(plain["offset"]),
            crc32=int(plain["crc32"]),
            values=values,
        )


def checked_line(kind: str, key: str, content: Mapping[str, object]) -> bytes:
    """Return a line: the checksum of all that follows, the kind, the key, and the content as JSON."""
    text = f"{kind} {key} {json.dumps(content, separators=(',', ':'))}".encode("ascii")
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def line_head(line: bytes) -> tuple[str, str] | None:
    """Return kind and key of a line, None where the line is damaged or cut off."""
    checksum, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text[:-1]):
        return None
    kind, key, _ = text.split(b" ", 2)
    return kind.decode("ascii"), key.decode("ascii")


def line_content(line: bytes) -> dict[str, Any]:
    """Return the content of a line whose head was read."""
    content: dict[str, Any] = json.loads(line.split(b" ", 3)[3])
    return content
