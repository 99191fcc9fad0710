"""A point as it is read off a PACS: the number of an image, and a pixel in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.resample import HALF_VOXEL
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.series import Series


@dataclass(frozen=True)
class ImagePoint:
    """A pixel of a numbered image of a series.

    Attributes:
        image: InstanceNumber; of a multi-frame image the frame's number, from 1.
        column: of the pixel, from 0 at the centre of the first.
        row: of the pixel, likewise.
    """

    image: int
    column: float
    row: float

    def in_series(self, series: Series) -> Point:
        """Return the point in LPS mm: position + column x spacing of columns + row x spacing of rows (PS3.3, C.7.6.2).

        Raises:
            BundleError: the series has no image of that number, several, or one that does not say where it lies; or
                the pixel lies outside of it.
        """
        image = self._find(series)
        if not 0 - HALF_VOXEL <= self.column <= image.columns - HALF_VOXEL or not (
            0 - HALF_VOXEL <= self.row <= image.rows - HALF_VOXEL
        ):
            raise BundleError(
                f"the pixel is {self.column:g},{self.row:g}, but image {self.image} has {image.columns} columns and "
                f"{image.rows} rows",
                remedy="Give column,row, counted from 0.",
            )
        if image.position is None or image.orientation is None or image.pixel_spacing is None:
            raise BundleError(
                f"image {self.image} of series {series.name} does not say where it lies",
                remedy="Take another reconstruction.",
            )
        between_rows, between_columns = image.pixel_spacing
        along_row, along_column = np.array(image.orientation[:3]), np.array(image.orientation[3:])
        place = np.array(image.position) + self.column * between_columns * along_row
        x, y, z = (place + self.row * between_rows * along_column).tolist()
        return Point((x, y, z), Space.LPS)

    def _find(self, series: Series) -> Instance:
        found = [item for item in series.instances if item.image_number == self.image]
        if len(found) == 1:
            return found[0]
        record = f"series {series.name}"
        if found:
            raise BundleError(
                f"{len(found)} slices have the image number {self.image}",
                record=record,
                remedy="Give the point in LPS, RAS or voxel.",
            )
        numbers = [item.image_number for item in series.instances if item.image_number is not None]
        has = f"its images are numbered {min(numbers)} to {max(numbers)}" if numbers else "its images have no numbers"
        raise BundleError(
            f"there is no image {self.image}; {has}",
            record=record,
            remedy="Check the number, and that it is of this series (--series0, --series1)."
            if numbers
            else "Give the point in LPS, RAS or voxel.",
        )
