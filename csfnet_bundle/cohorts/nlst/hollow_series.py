"""Series of which only what is needed was fetched: files of the true size, hollow where nothing was asked for.

The readers need no change: they read headers, choose slices and decode these. So a ROI is what it would be of the whole
series, bit for bit. A hollow file stands under a temporary name and is removed once its ROIs are cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.object_ranges import Bucket, Range, RemoteFile
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.roi import plan_roi
from csfnet_bundle.scans.dicom.scan import read_instances

HEAD_BYTES = 8 * 1024
"""Asked for of every file: NLST's headers take 2 to 5 kB. Where one is longer, the whole file is fetched."""


@dataclass
class HollowSeries:
    """A series in a folder of hollow files.

    Attributes:
        indexed: what the index says of it.
        folder: where its files are.
        files: the objects, by the name of their files.
        whole: names of the files that are complete.
    """

    indexed: IndexedSeries
    folder: Path
    files: dict[str, RemoteFile] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)

    def fetch_headers(self, bucket: Bucket) -> None:
        """Make the files with their headers; raises BundleError."""
        self.files = {file.name: file for file in bucket.files(self.indexed)}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(bucket, [(file, 0, min(HEAD_BYTES, file.size)) for file in self.files.values()])
        self.whole = {name for name, file in self.files.items() if file.size <= HEAD_BYTES}
        self.fill(bucket, [name for name in self.files if not _is_header_whole(self.folder / name)])

    def fetch_roi(self, bucket: Bucket, series: Series, point: Point, settings: RoiSettings) -> None:
        """Complete the files of the slices that a ROI needs.

        Args:
            bucket: where they are.
            series: as the reader of the ROI chooses it.
            point: the nodule's centre.
            settings: the ROI.

        Raises:
            BundleError: they cannot be fetched.
            Refusal: no ROI can be cut there, as the headers show.
        """
        size, spacing = settings.size, settings.spacing
        needed = plan_roi(series, point, size, spacing).instances
        wanted = {id(item) for item in needed}
        copies = [copy for kept, copy in series.duplicates if id(kept) in wanted]
        self.fill(bucket, _names((*needed, *copies)))

    def fill(self, bucket: Bucket, names: Iterable[str]) -> None:
        """Complete files; raises BundleError."""
        missing = [self.files[name] for name in dict.fromkeys(names) if name not in self.whole]
        self._write(bucket, [(file, HEAD_BYTES, file.size) for file in missing])
        self.whole |= {file.name for file in missing}

    def _write(self, bucket: Bucket, ranges: list[Range]) -> None:
        for (file, start, _), content in bucket.read(self.indexed, ranges).items():
            path = self.folder / file.name
            path.touch()
            with path.open("r+b") as stream:
                stream.truncate(file.size)
                stream.seek(start)
                stream.write(content)


def _names(instances: Iterable[Instance]) -> list[str]:
    return [Path(item.path).name for item in instances]


def _is_header_whole(path: Path) -> bool:
    """Say whether all that the header pass reads was fetched: it ends where the pixels begin."""
    found = read_instances(str(path))
    if isinstance(found, Skip):
        return False
    return all(item.fault is None and 0 < item.pixel_offset <= HEAD_BYTES and item.frames == 1 for item in found)
