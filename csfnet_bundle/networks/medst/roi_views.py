"""A nodule's ROI as pictures: projections along an axis, as a radiograph is one of the whole chest."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

VIEWS = ("axial", "coronal", "sagittal", "oblique", "volume")
VOLUME_TILES = 2  # along each edge of the volume view
OBLIQUE_ANGLE = math.pi / 4  # half way between the coronal and the sagittal view
PROJECTIONS = 3  # maximum, mean and minimum: the channels of a view


def roi_views(
    roi: Tensor,
    views: list[str],
    size: int,
    slab: int | None = None,
    field: int | None = None,
    offset: Tensor | None = None,
) -> Tensor:
    """Return the views of ROIs: the channels are the maximum, the mean and the minimum along the view's axis.

    A view's rows and columns follow the ROI's axes: (y, x) of the axial view, (z, x) of the coronal one, (z, y) of the
    sagittal one; of the oblique one, z and the axis half way between x and y. Voxels are taken for cubes. A view's
    longer edge becomes ``size`` pixels; the shorter one keeps its proportion in mm and is padded with zeros to a
    square, half on each side, never stretched: a coronal view 16 mm high and 32 mm wide fills the middle half.

    ``volume`` is no projection: it shows twelve axial slices over the slab, three neighbouring ones as the channels of
    each of four tiles, from the upper left to the lower right, so that its patches are blocks of the volume.

    Args:
        roi: (B, D, H, W) in [0, 1], axes (z, y, x).
        views: names, of ``VIEWS``.
        size: edge length of a view in pixels.
        slab: how many voxels in the ROI's middle are projected along the view's axis; None: all.
        field: how many voxels a view shows at most along each of its edges; None: all.
        offset: (B, 2) int64, voxels along (y, x) from the ROI's middle to the middle of the field; None: none. The
            slab stays where it is. Beyond the ROI its edge goes on.

    Returns:
        (B, V, 3, size, size) in [0, 1].

    Raises:
        ValueError: there is no view of that name.
    """
    pictures: list[Tensor] = []  # V of (B, 3, S, S)
    for view in views:
        if view == "volume":
            pictures.append(_tiles(roi, size, slab, field, offset))
        else:
            pictures.append(_square(_projections(roi, view, slab, field, offset), size))
    return torch.stack(pictures, dim=1)


def view_length(length: int, field: int | None) -> int:
    """Return how many of ``length`` voxels a view of that field shows."""
    return length if field is None else min(length, field)


def resized_length(length: int, size: int, longest: int) -> int:
    """Return the whole number of pixels nearest to ``length``, where the longest edge becomes ``size``."""
    return (2 * length * size + longest) // (2 * longest)


def _projections(roi: Tensor, view: str, slab: int | None, field: int | None, offset: Tensor | None) -> Tensor:
    """Project (B, D, H, W) along the axis of the view, to (B, 3, rows, columns)."""
    axis = 2
    if view == "axial":
        axis = 1
    elif view == "sagittal":
        axis = 3
    elif view == "oblique":
        roi = _turned(roi)
        offset = None if offset is None else _turned_offset(offset)
    elif view != "coronal":
        raise ValueError(f"there is no view called {view}, expected one of axial, coronal, sagittal, oblique, volume")
    roi = _cropped(roi, axis, slab, field, offset)
    return torch.stack([roi.amax(dim=axis), roi.mean(dim=axis), roi.amin(dim=axis)], dim=1)


def _tiles(
    roi: Tensor,
    size: int,
    slab: int | None,
    field: int | None,
    offset: Tensor | None,
    tiles: int = VOLUME_TILES,
    channels: int = PROJECTIONS,
) -> Tensor:
    """Return the volume view of (B, D, H, W), (B, 3, size, size)."""
    box = _cropped(roi, 1, slab, field, offset)  # (B, d, h, w)
    shape = [channels * tiles * tiles, size // tiles, size // tiles]
    slices = F.interpolate(box.unsqueeze(1), size=shape, mode="trilinear", align_corners=False)[:, 0]
    arranged = slices.unflatten(1, [tiles, tiles, channels])  # (B, rows, columns, 3, S / 2, S / 2)
    return arranged.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


def _cropped(roi: Tensor, axis: int, slab: int | None, field: int | None, offset: Tensor | None) -> Tensor:
    """Return the slab and the field of a view along ``axis``, of (B, D, H, W)."""
    for edge in (1, 2, 3):
        shown = view_length(roi.shape[edge], slab if edge == axis else field)
        if offset is not None and edge != axis and edge > 1:
            roi = _shifted(roi, edge, shown, offset[:, edge - 2])
        else:
            roi = roi.narrow(edge, (roi.shape[edge] - shown) // 2, shown)
    return roi


def _shifted(roi: Tensor, axis: int, shown: int, offset: Tensor) -> Tensor:
    """Return ``shown`` voxels along an axis of (B, D, H, W) around a middle moved by ``offset``, (B,) int64."""
    length = roi.shape[axis]
    steps = torch.arange(shown, device=roi.device) + (length - shown) // 2
    places = (steps + offset[:, None].to(roi.device)).clamp(0, length - 1)  # (B, shown)
    sizes = [roi.shape[0], roi.shape[1], roi.shape[2], roi.shape[3]]
    sizes[axis] = shown
    spread = [roi.shape[0], 1, 1, 1]
    spread[axis] = shown
    return roi.gather(axis, places.view(spread).expand(sizes))


def _turned_offset(offset: Tensor, angle: float = OBLIQUE_ANGLE) -> Tensor:
    """Return an offset (B, 2) along (y, x) as it is in a ROI that :func:`_turned` has turned."""
    cosine, sine = math.cos(angle), math.sin(angle)
    y, x = offset[:, 0].float(), offset[:, 1].float()
    return torch.stack([cosine * y + sine * x, cosine * x - sine * y], dim=1).round().long()


def _turned(roi: Tensor, angle: float = OBLIQUE_ANGLE) -> Tensor:
    """Turn (B, D, H, W) about z; where a ray leaves the ROI, the nearest voxel goes on."""
    height, width = roi.shape[2], roi.shape[3]
    cosine, sine = math.cos(angle), math.sin(angle)
    # affine_grid counts each axis from -1 to 1, whatever its length: hence the ratios.
    rows = [[cosine, sine * height / width, 0.0], [-sine * width / height, cosine, 0.0]]
    turn = torch.tensor(rows, dtype=roi.dtype, device=roi.device)  # (2, 3)
    grid = F.affine_grid(turn.expand(roi.shape[0], 2, 3), list(roi.shape), align_corners=False)
    return F.grid_sample(roi, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _square(picture: Tensor, size: int) -> Tensor:
    """Bring (B, 3, rows, columns) to (B, 3, size, size): resized alike on both axes, then padded with zeros."""
    longest = max(picture.shape[2], picture.shape[3])
    rows = max(1, resized_length(picture.shape[2], size, longest))
    columns = max(1, resized_length(picture.shape[3], size, longest))
    if longest != size:
        picture = F.interpolate(picture, size=[rows, columns], mode="bilinear", antialias=True)
    above, left = (size - rows) // 2, (size - columns) // 2
    return F.pad(picture, [left, size - columns - left, above, size - rows - above])
