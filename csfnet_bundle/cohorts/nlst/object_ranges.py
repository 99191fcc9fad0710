"""Parts of objects of an S3 bucket, read by range requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from threading import Lock
from typing import Any

from csfnet_bundle.cohorts.nlst.index import ADDRESS, IndexedSeries
from csfnet_bundle.core.errors import BundleError, in_one_line
from csfnet_bundle.core.extras import import_extra

REGION = "us-east-1"
"""Of the public bucket."""
RETRIES = 5
"""Tries of one request, with growing pauses, before it counts as failed."""
MOST_AT_ONCE = 32
"""Requests on their way at the same time."""
UNREACHABLE = "the images cannot be read"
"""What an error says that is the server's or the network's, not the series'."""


@dataclass(frozen=True)
class RemoteFile:
    """An object.

    Attributes:
        key: its name in the bucket.
        size: its bytes.
    """

    key: str
    size: int

    @property
    def name(self) -> str:
        """The last part of its key, which becomes a file's name."""
        return PurePosixPath(self.key).name


Range = tuple[RemoteFile, int, int]
"""An object, and the first byte and the end of a part of it."""


@dataclass
class Bucket:
    """The public bucket, or another server that has the same.

    Attributes:
        endpoint: address of another S3 server.
        workers: requests at the same time.
        bytes_read: of all parts that arrived.
    """

    endpoint: str | None = None
    workers: int = MOST_AT_ONCE
    bytes_read: int = 0
    _stores: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def files(self, series: IndexedSeries) -> list[RemoteFile]:
        """Return the objects of a series.

        Raises:
            BundleError: as many as the index says are not there, or the server does not answer.
        """
        bucket, prefix = _place(series)
        obstore = import_extra("obstore", "s3")
        try:
            found = [
                RemoteFile(str(item["path"]), int(item["size"]))
                for chunk in obstore.list(self._store(bucket), prefix=prefix)
                for item in chunk
            ]
        except Exception as error:  # the library's own errors share no base but this
            raise _unreachable(series, error) from None
        names = {file.name for file in found}
        if len(found) != series.instances or len(names) != len(found) or any(name.startswith(".") for name in names):
            raise BundleError(
                f"{len(names)} files are there, the index says {series.instances} instances",
                record=f"series {series.uid}",
                remedy="Leave its pairs out, counted, by --skip_refused.",
            )
        return found

    def read(self, series: IndexedSeries, ranges: Sequence[Range]) -> Mapping[Range, bytes]:
        """Return parts of a series' objects; several requests are on their way at once.

        Raises:
            BundleError: a part could not be had after several tries.
        """
        bucket, _ = _place(series)
        store = self._store(bucket)
        obstore = import_extra("obstore", "s3")

        def one(item: Range) -> bytes:
            file, start, end = item
            return bytes(obstore.get_range(store, file.key, start=start, end=end)) if end > start else b""

        try:
            with ThreadPoolExecutor(self.workers) as pool:
                parts = dict(zip(ranges, pool.map(one, ranges), strict=True))
        except Exception as error:
            raise _unreachable(series, error) from None
        for (file, start, end), content in parts.items():
            if len(content) != end - start:
                raise BundleError(
                    f"{len(content)} bytes of {file.name} came, {end - start} were asked for",
                    record=f"series {series.uid}",
                    remedy="Run the same command again.",
                )
        with self._lock:
            self.bytes_read += sum(map(len, parts.values()))
        return parts

    def _store(self, bucket: str) -> Any:
        if bucket not in self._stores:
            options: dict[str, Any] = {"retry_config": {"max_retries": RETRIES}}
            if self.endpoint is not None:
                options |= {"endpoint": self.endpoint, "client_options": {"allow_http": True}}
            self._stores[bucket] = import_extra("obstore.store", "s3").S3Store(
                bucket, region=REGION, skip_signature=True, virtual_hosted_style_request=False, **options
            )
        return self._stores[bucket]


def _place(series: IndexedSeries) -> tuple[str, str]:
    assert ADDRESS.fullmatch(series.address)  # of the index, which looked
    bucket, _, prefix = series.address.removeprefix("s3://").rstrip("*").partition("/")
    return bucket, prefix


def _unreachable(series: IndexedSeries, error: Exception) -> BundleError:
    return BundleError(
        f"{UNREACHABLE}: {in_one_line(error)}",
        record=f"series {series.uid}",
        remedy="Check the network, then run the same command again: what was done is kept.",
    )
