"""Points, volumes, ROI grids and the resampling between them; numpy only.

The bundle's one coordinate space is LPS in mm, as DICOM has it: x grows to the patient's left, y to posterior, z to
superior. Voxel indices are (i, j, k): column, row, slice.
"""

from csfnet_bundle.geometry.grid import Roi, RoiGrid
from csfnet_bundle.geometry.points import Point, Space
from csfnet_bundle.geometry.resample import sample_grid
from csfnet_bundle.geometry.volume import Volume

__all__ = ["Point", "Roi", "RoiGrid", "Space", "Volume", "sample_grid"]
