"""A nodule point in whatever form it was given: numbers in a space, a Slicer markup, or an image's number and pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.point_words import EXPECTED, PointWords, read_pixel, read_point, read_space
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs.markups import read_markup
from csfnet_bundle.scans.dicom import Series
from csfnet_bundle.scans.dicom.image_point import ImagePoint

GivenPoint = Point | ImagePoint
"""A point of which it is known where it lies, once the scan is open."""
PointLike = GivenPoint | PointWords | Sequence[float] | str
"""What Python callers and tables may give as a point."""


def given_point(
    point: PointLike | None,
    space: str | None = None,
    *,
    image: int | None = None,
    pixel: Sequence[float] | str | None = None,
    name: str = "point",
    folder: Path = Path(),
) -> GivenPoint | None:
    """Return a point from what was given; None where nothing was.

    Args:
        point: three numbers, also as text in the forms of :func:`csfnet_bundle.core.point_words.read_point`; or a
            point that is one already.
        space: LPS, RAS or voxel, in any case of letters; needed for numbers that do not say it themselves.
        image: InstanceNumber, instead of ``point``.
        pixel: column and row in that image, from 0 at the centre of the first pixel.
        name: how messages call the point.
        folder: what the path of a markups file is relative to.

    Raises:
        BundleError: both forms, half of one, a space that is missing or none, a text that is no point, or a markups
            file without one point that is meant.
    """
    if image is None and pixel is None:
        return None if point is None else _point(point, space, name, folder)
    if point is not None:
        raise BundleError("is given twice: as a point, and as image and pixel", record=name, remedy="Give one of them.")
    if image is None or pixel is None:
        raise BundleError(
            f"of image number and pixel only {'the pixel' if image is None else 'the image number'} is given",
            record=name,
            remedy="Give both, e.g. --image1 87 --pixel1 312,240",
        )
    try:
        column, row = read_pixel(pixel) if isinstance(pixel, str) else map(float, pixel)
    except (TypeError, ValueError):
        raise BundleError(
            f"pixel is {pixel!r}, expected column and row", record=name, remedy="Give COLUMN,ROW, e.g. 312,240."
        ) from None
    return ImagePoint(int(image), column, row)


def place_in(point: GivenPoint, series: Series | None, path: Path | str, name: str = "point") -> Point:
    """Return a point as one of its scan.

    Args:
        point: as given.
        series: the series that is read; None where the scan is no DICOM.
        path: of the scan, for the message.
        name: how messages call the point.

    Raises:
        BundleError: an image number of a scan that is no DICOM, or as
            :meth:`csfnet_bundle.scans.dicom.image_point.ImagePoint.in_series`.
    """
    if isinstance(point, Point):
        return point
    if series is None:
        raise BundleError(
            f"an image number is given, but {path} is no DICOM",
            record=name,
            remedy="Give its point in LPS, RAS or voxel.",
        )
    try:
        return point.in_series(series)
    except BundleError as error:
        raise error.for_record(name) from None


def _point(point: PointLike, space: str | None, name: str, folder: Path) -> GivenPoint:
    if isinstance(point, Point | ImagePoint):
        return point
    if isinstance(point, str):
        try:
            point = read_point(point)
        except ValueError:
            raise BundleError(f"{name} {point!r} is not {EXPECTED}") from None
    numbers: Sequence[float] | None
    if isinstance(point, PointWords):
        if point.file is not None:
            return read_markup(folder / point.file, point.label)
        numbers, own = point.numbers, point.space
    else:
        numbers, own = point, None
    try:
        return Point(numbers, _space(space, own, name))  # type: ignore[arg-type]  # it checks what they are
    except BundleError as error:
        raise error.for_record(name) from None


def _space(space: str | None, own: str | None, name: str) -> Space:
    """Return the space beside the numbers, or else the one given for all points."""
    given = own or space
    if given is None:
        remedy = "Say LPS or RAS (mm) or voxel: before the numbers, by --space, or in the column space."
        raise BundleError("its space is not given", remedy=remedy)
    try:
        return Space(read_space(given))
    except ValueError:
        raise BundleError(f"space {given!r} is not known", remedy="Use LPS, RAS (both mm) or voxel.") from None
