"""The Imaging Data Commons' index of series: looked up offline, in the file that idc-index-data installs.

DuckDB reads the columns and rows that a question needs straight from the Parquet file; docs/nlst.md has the comparison
with Polars and pandas. The client class of idc-index is not used: it loads the index of all collections into memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from csfnet_bundle.cohorts.nlst.description import NlstDescription, parse_description
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import import_extra

COLUMNS = (
    "PatientID",
    "StudyDate",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "Manufacturer",
    "ManufacturerModelName",
    "instanceCount",
    "series_size_MB",
    "TransferSyntaxUID",
    "license_short_name",
    "series_aws_url",
)
ADDRESS = re.compile(r"s3://[a-z0-9.-]+/[A-Za-z0-9/._-]+/\*")
"""Bucket and folder; nothing else may get into the list of copy commands."""
EXTRA = "nlst"
INSTALL = f"Install it with `pip install 'csfnet-bundle[{EXTRA}]'`."


@dataclass(frozen=True)
class IndexedSeries:
    """One series as the index has it.

    Attributes:
        patient: PatientID.
        date: StudyDate, ``YYYYMMDD``.
        study_uid: StudyInstanceUID.
        uid: SeriesInstanceUID.
        description: SeriesDescription as it is.
        maker: Manufacturer.
        model: ManufacturerModelName.
        instances: number of instances.
        megabytes: size in MB (10^6 bytes).
        transfer_syntaxes: the transfer syntaxes of its instances.
        licence: short name of the licence of the images.
        address: ``s3://bucket/folder/*`` with its instances.
    """

    patient: str
    date: str
    study_uid: str
    uid: str
    description: str
    maker: str
    model: str
    instances: int
    megabytes: float
    transfer_syntaxes: tuple[str, ...]
    licence: str
    address: str

    @cached_property
    def nlst(self) -> NlstDescription:
        """What NLST's description of the series says."""
        return parse_description(self.description)


@dataclass(frozen=True)
class SeriesIndex:
    """An index file (Parquet) with the columns of ``COLUMNS``."""

    path: Path

    def series(self, uids: Iterable[str]) -> dict[str, IndexedSeries]:
        """Return the series of ``uids`` that the index has, by SeriesInstanceUID.

        Raises:
            BundleError: DuckDB is not installed, or the file is no index.
        """
        duckdb = load_duckdb()
        try:
            rows = duckdb.execute(
                f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?) "
                "WHERE SeriesInstanceUID IN (SELECT unnest(?::VARCHAR[]))",
                [str(self.path), sorted(set(uids))],
            ).fetchall()
        except duckdb.Error as error:
            raise self.unreadable(error) from None
        found = (_series(dict(zip(COLUMNS, row, strict=True))) for row in rows)
        return {series.uid: series for series in found}

    def unreadable(self, error: Exception) -> BundleError:
        """Return the error for a file that is no index."""
        return BundleError(
            f"the index cannot be read: {error}", record=str(self.path), remedy="Install idc-index-data again."
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, so that a datalist says which index it was made with."""
        digest = sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()


def open_index(path: str | Path | None = None) -> SeriesIndex:
    """Return the index at ``path``, or the one that idc-index-data installed.

    Raises:
        BundleError: there is none.
    """
    path = Path(_installed_index() if path is None else path)
    if not path.is_file():
        raise BundleError(f"there is no index {path}", remedy=INSTALL)
    return SeriesIndex(path)


def _installed_index() -> Path:
    idc_index_data = import_extra("idc_index_data", EXTRA)

    return Path(str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH))


def load_duckdb() -> Any:
    """Return the module duckdb, which only the extra ``[nlst]`` installs."""
    return import_extra("duckdb", EXTRA)


def _series(row: Mapping[str, object]) -> IndexedSeries:
    def text(column: str) -> str:
        return "" if row[column] is None else str(row[column])

    if not ADDRESS.fullmatch(text("series_aws_url")):
        raise BundleError(
            f"address {text('series_aws_url')!r} is not s3://BUCKET/FOLDER/*",
            record=f"index, series {text('SeriesInstanceUID')}",
        )
    return IndexedSeries(
        patient=text("PatientID"),
        date=text("StudyDate").replace("-", ""),
        study_uid=text("StudyInstanceUID"),
        uid=text("SeriesInstanceUID"),
        description=text("SeriesDescription"),
        maker=text("Manufacturer"),
        model=text("ManufacturerModelName"),
        instances=int(str(row["instanceCount"] or 0)),
        megabytes=float(str(row["series_size_MB"] or 0)),
        transfer_syntaxes=tuple(text("TransferSyntaxUID").split(",")),
        licence=text("license_short_name") or "unknown",
        address=text("series_aws_url"),
    )
