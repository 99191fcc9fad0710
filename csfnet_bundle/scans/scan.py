"""One scan, however it is stored: a folder of DICOM files, a NIfTI or a MetaImage file."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Roi, RoiGrid, Volume
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.scans import dicom, volume_files
from csfnet_bundle.scans.thinned import ThinnedScan, kept_slices, thin, thinning


@dataclass(frozen=True)
class OpenedScan:
    """A scan whose headers have been read; pixels are read on demand.

    Attributes:
        path: its folder or file.
        series: the series chosen in the folder; None for NIfTI and MetaImage files.
        file: the opened file; None for DICOM.
    """

    path: Path
    series: dicom.Series | None = field(default=None, repr=False)
    file: volume_files.VolumeFile | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """SeriesInstanceUID, or the path where there is none."""
        return str(self.path) if self.series is None else self.series.uid

    @cached_property
    def _geometry(self) -> tuple[NDArray[np.float64], tuple[int, int, int]]:
        if self.series is not None:
            stack = self.series.check_volume()
            return stack.affine(), stack.shape
        assert self.file is not None
        return self.file.affine, self.file.shape

    def check(self) -> None:
        """Raise Refusal if headers show that the whole scan cannot be read."""
        if self.series is not None:
            self.series.check_volume()

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4) from (i, j, k, 1) to LPS mm; raises Refusal where the series is no volume (a gap)."""
        return self._geometry[0].copy()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows, slices; raises Refusal as :attr:`affine`."""
        return self._geometry[1]

    @property
    def findings(self) -> tuple[str, ...]:
        """What the reader noticed and could live with, one sentence each."""
        if self.series is not None:
            return self.series.all_findings
        assert self.file is not None
        return self.file.findings

    def lps(self, point: Point, record: str = "") -> NDArray[np.float64]:
        """Return the point in LPS mm, shape (3,); raises Refusal ``POINT_OUTSIDE``."""
        return check_point_inside(point, self.affine, self.shape, series=self.name, record=record)

    def read_roi(
        self,
        point: Point,
        size: tuple[int, int, int] = RoiGrid.size,
        spacing: tuple[float, float, float] = RoiGrid.spacing,
    ) -> Roi:
        """Read a ROI of any size (D, H, W) and spacing (mm) around a point; only its slices are read.

        Raises:
            Refusal: as ``read_roi`` of :mod:`csfnet_bundle.scans.dicom` and :mod:`csfnet_bundle.scans.volume_files`.
        """
        if self.series is not None:
            return dicom.read_roi(self.series, point, size, spacing)
        return volume_files.read_roi(self.path, point, size, spacing)

    def read_block(self, grid: RoiGrid) -> Volume:
        """Read the scan's own voxels that a grid lies between, with their affine; the grid may reach out of the scan.

        Raises:
            Refusal: as :meth:`read_roi`; ``POINT_OUTSIDE`` if the grid's centre is out of the scan.
        """
        if self.series is not None:
            return dicom.read_block(self.series, grid)
        return volume_files.read_block(self.path, grid)

    def read_volume(self) -> Volume:
        """Read the whole scan: 4 bytes a voxel.

        Raises:
            Refusal: as ``read_volume`` of :mod:`csfnet_bundle.scans.dicom` and of ``volume_files``.
        """
        return volume_files.read_volume(self.path) if self.series is None else dicom.read_volume(self.series)

    def read_thinned(self) -> ThinnedScan:
        """Read every n-th slice and average in plane, onto a coarse grid along the patient's axes.

        Raises:
            Refusal: a series that is no volume, or cannot be decoded.
        """
        kept = kept_slices(self.shape[2], thinning(self.affine)[2])
        if self.series is not None:
            slices = dicom.read_slices(self.series, kept)
        else:
            slices = volume_files.read_slices(self.path, kept)
        return thin(slices, self.affine, kept[0])


def open_scan(path: str | Path, series_uid: str | None = None) -> OpenedScan:
    """Open a scan: read its headers and choose the series.

    Args:
        path: a folder of DICOM files, or a .nii, .nii.gz, .mha or .mhd file.
        series_uid: SeriesInstanceUID, where the folder holds several; by default the rule chooses.

    Raises:
        BundleError: there is no such folder or file.
        Refusal: no series can be chosen, or a file whose header cannot be read right.
    """
    place = Path(path)
    if not place.exists():
        raise BundleError(
            f"{place} does not exist", remedy="Give a folder of DICOM files, or a NIfTI or MetaImage file."
        )
    if volume_files.is_volume_file(place):
        return OpenedScan(place, file=volume_files.open_volume_file(place))
    return OpenedScan(place, series=dicom.select_series(dicom.scan_folder(place), uid=series_uid))


def open_pair(
    path0: str | Path, path1: str | Path, series_uid0: str | None = None, series_uid1: str | None = None
) -> tuple[OpenedScan, OpenedScan]:
    """Open the two scans of a patient.

    Two DICOM folders are chosen together, so that both reconstructions have one kernel where they can.

    Args:
        path0: t0, the earlier scan.
        path1: t1, the later one.
        series_uid0: SeriesInstanceUID to read from t0, where its folder holds several.
        series_uid1: the same of t1.

    Raises:
        BundleError: there is no such folder or file.
        Refusal: as :func:`open_scan`; ``PAIR_MISMATCH``: two patients, the wrong order, or twice the same scan.
    """
    place0, place1 = Path(path0), Path(path1)
    if place0.is_dir() and place1.is_dir():
        found = dicom.select_pair(dicom.scan_folder(place0), dicom.scan_folder(place1), series_uid0, series_uid1)
        return OpenedScan(place0, series=found[0]), OpenedScan(place1, series=found[1])
    scans = open_scan(place0, series_uid0), open_scan(place1, series_uid1)
    if place0.resolve() == place1.resolve():
        raise Refusal(RefusalCode.PAIR_MISMATCH, f"t0 and t1 are the same scan, {place0}", remedy="Name two scans.")
    return scans
