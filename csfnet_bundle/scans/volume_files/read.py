"""Whole volumes and ROIs from NIfTI and MetaImage files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Roi, RoiGrid, Space, Volume, sample_grid
from csfnet_bundle.geometry.area import average, subdivide
from csfnet_bundle.geometry.hounsfield import check_hounsfield
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.geometry.resample import OUTSIDE_HU, grid_index_bounds
from csfnet_bundle.scans.volume_files.metaimage import open_metaimage
from csfnet_bundle.scans.volume_files.metaimage_header import data_file
from csfnet_bundle.scans.volume_files.nifti import open_nifti
from csfnet_bundle.scans.volume_files.volume_file import CONVERT_AGAIN, Index, VolumeFile, refusal

SUFFIXES = (".nii", ".nii.gz", ".mha", ".mhd")
"""File names that are read here, in lower or upper case."""

SLICES_AT_ONCE = 8
"""Slices that are read whole at a time, of which a block keeps a part: 4 MB of 512 x 512 pixels."""

SAMPLE_STEP = 4
"""Of a slice's rows and columns every fourth is enough to judge whether the slices are HU."""


def is_volume_file(path: str | Path) -> bool:
    """Say whether the name is that of a NIfTI or MetaImage file."""
    return str(path).lower().endswith(SUFFIXES)


def name_without_ending(path: Path) -> str:
    """Return a file's name without the ending of a volume file; other dots stay, as in a series' UID."""
    endings = [suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)]
    return path.name[: len(path.name) - len(max(endings, key=len, default=""))]


def files_of(path: str | Path) -> tuple[Path, ...]:
    """Return the files that hold a volume: the one named and, for a .mhd header, the one with its voxels.

    Raises:
        Refusal: ``UNREADABLE_SLICE``, a .mhd header that names no file.
    """
    path = Path(path)
    return (path, data_file(path)) if path.suffix.lower() == ".mhd" else (path,)


def read_volume(path: str | Path) -> Volume:
    """Read a whole file.

    Args:
        path: a .nii, .nii.gz, .mha or .mhd file.

    Returns:
        The volume in HU, axes (i, j, k) as stored, with its affine to LPS mm.

    Raises:
        BundleError: no such file, or another kind of file.
        Refusal: ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU``, ``UNREADABLE_SLICE``.
    """
    file = open_volume_file(Path(path))
    array = _hounsfield(file, (0, 0, 0), file.shape)
    return Volume(array=array, affine=file.affine, findings=file.findings)


def read_roi(
    path: str | Path,
    point: Point,
    size: tuple[int, int, int] = RoiGrid.size,
    spacing: tuple[float, float, float] = RoiGrid.spacing,
    *,
    area_average: bool = False,
) -> Roi:
    """Cut a ROI around a nodule point; only the block of voxels that it touches is read where the file allows it.

    That is so for uncompressed files. A .nii.gz is inflated up to the block, a compressed .mha as MetaIO does it.

    Args:
        path: a .nii, .nii.gz, .mha or .mhd file.
        point: the nodule point, in any space.
        size: the ROI's voxels (D, H, W).
        spacing: the ROI's mm (D, H, W).
        area_average: average over a ROI voxel where the scan's voxels are under 0.6 of its size (see
            :mod:`csfnet_bundle.geometry.area`), as :func:`csfnet_bundle.scans.dicom.read_roi` does.

    Returns:
        The ROI as :class:`csfnet_bundle.geometry.RoiGrid` lays it, linear interpolation.

    Raises:
        BundleError: no such file, or another kind of file.
        Refusal: ``POINT_OUTSIDE``, ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``NOT_HU`` (judged on the
            block), ``UNREADABLE_SLICE``.
    """
    file = open_volume_file(Path(path))
    x, y, z = check_point_inside(point, file.affine, file.shape, series=str(path), record=str(path))
    grid = RoiGrid(center=(float(x), float(y), float(z)), size=size, spacing=spacing)
    sampling = subdivide(grid, file.affine) if area_average else grid
    start, stop = _block(file, sampling)
    block = _hounsfield(file, start, stop)
    block_affine = file.affine.copy()
    block_affine[:3, 3] = (file.affine @ [*start, 1.0])[:3]
    values = average(sample_grid(block, block_affine, sampling), grid.size)
    return Roi(array=values, affine=grid.affine, findings=file.findings)


def read_block(path: str | Path, grid: RoiGrid) -> Volume:
    """Read the file's own voxels that a grid lies between; nothing is interpolated.

    Args:
        path: a .nii, .nii.gz, .mha or .mhd file.
        grid: its centre lies in the scan, its ends may not.

    Returns:
        HU, (I, J, K), with the block's own affine.

    Raises:
        BundleError: no such file, or another kind of file.
        Refusal: as :func:`read_roi`.
    """
    file = open_volume_file(Path(path))
    check_point_inside(Point(grid.center, Space.LPS), file.affine, file.shape, series=str(path), record=str(path))
    start, stop = _block(file, grid)
    affine = file.affine.copy()
    affine[:3, 3] = (file.affine @ [*start, 1.0])[:3]
    return Volume(_hounsfield(file, start, stop), affine, file.findings)


def read_slices(path: str | Path, numbers: Sequence[int]) -> Iterator[NDArray[np.float32]]:
    """Yield some slices of a file, HU, each (I, J).

    Args:
        path: a .nii, .nii.gz, .mha or .mhd file.
        numbers: which k, in this order.

    Raises:
        BundleError: no such file, or another kind of file.
        Refusal: as :func:`read_volume`; ``NOT_HU`` is judged on the slices asked for.
    """
    file = open_volume_file(Path(path))
    columns, rows, _ = file.shape
    # A compressed file is inflated from its start for every read: then once is cheaper than slice by slice.
    whole = file.read_block((0, 0, 0), file.shape) if file.is_compressed else None
    sample: list[NDArray[np.generic]] = []
    for k in numbers:
        hu = file.read_block((0, 0, k), (columns, rows, k + 1))[:, :, 0] if whole is None else whole[:, :, k]
        sample.append(hu[::SAMPLE_STEP, ::SAMPLE_STEP])
        yield hu.astype(np.float32)
    check_hounsfield(np.stack(sample), series=str(path), record=str(path))


def open_volume_file(path: Path) -> VolumeFile:
    """Open a file and check its header; voxels are read by the block.

    Raises:
        BundleError: no such file, or another kind of file.
        Refusal: ``NO_GEOMETRY``, ``TOO_FEW_SLICES``, ``TOO_LARGE``, ``UNREADABLE_SLICE``.
    """
    if not path.is_file():
        raise BundleError("there is no such file", record=str(path), remedy="Check the path.")
    openers: dict[str, Callable[[Path], VolumeFile]] = {
        ".nii": open_nifti,
        ".mha": open_metaimage,
        ".mhd": open_metaimage,
    }
    name = path.name.lower().removesuffix(".gz") if path.name.lower().endswith(".nii.gz") else path.name.lower()
    opener = openers.get(Path(name).suffix)
    if opener is None:
        remedy = f"Give a folder of DICOM files or a file {', '.join(SUFFIXES)}."
        raise BundleError("this kind of file is not read", record=str(path), remedy=remedy)
    return opener(path)


def _block(file: VolumeFile, grid: RoiGrid) -> tuple[Index, Index]:
    """The first and one past the last voxel (i, j, k) that the interpolation on the grid needs."""
    low, high = grid_index_bounds(file.affine, grid)
    last = np.array(file.shape) - 1
    first = np.clip(np.floor(low), 0, last).astype(int)
    final = np.clip(np.ceil(high), 0, last).astype(int)
    (i0, j0, k0), (i1, j1, k1) = first.tolist(), final.tolist()
    return (i0, j0, k0), (i1 + 1, j1 + 1, k1 + 1)


def _read(file: VolumeFile, start: Index, stop: Index) -> NDArray[np.generic]:
    """Read a block without holding whole slices of all of it."""
    (i0, j0, k0), (i1, j1, k1) = start, stop
    step = k1 - k0 if file.is_compressed else SLICES_AT_ONCE  # a compressed file is inflated anew for every read
    # Copies: a part that is a view would keep its whole slices.
    parts = [np.array(file.read_block((i0, j0, k), (i1, j1, min(k + step, k1)))) for k in range(k0, k1, step)]
    return np.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]


def _hounsfield(file: VolumeFile, start: Index, stop: Index) -> NDArray[np.float32]:
    values = _read(file, start, stop)
    where = str(file.path)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        problem = f"{count} of {values.size} voxels are not finite numbers"
        raise refusal(RefusalCode.NOT_HU, file.path, problem, CONVERT_AGAIN, not_finite=count)
    try:
        check_hounsfield(values, series=where, record=where)
    except Refusal as error:
        if "percentile" not in error.figures:
            raise
        # A block inside a large mass holds no air: then the whole scan is the judge.
        check_hounsfield(file.read_block((0, 0, 0), file.shape), series=where, record=where)
    return np.maximum(values, np.float32(OUTSIDE_HU), dtype=np.float32, casting="unsafe")
