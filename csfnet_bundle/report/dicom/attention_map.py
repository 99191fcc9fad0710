"""The network's attention as a DICOM parametric map in the t1 scan's frame of reference."""

from __future__ import annotations

import highdicom
import numpy as np
from highdicom import pm
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.report.attention_map import attention_on_roi
from csfnet_bundle.report.dicom.source import Source
from csfnet_bundle.report.dicom.structured_report import DIGEST_SHOWN, MANUFACTURER, MAP_SERIES, MODEL

NARROWEST_WINDOW = 1e-3
"""Even shares; a map without any focus would give a window without width."""
PATIENT = highdicom.CoordinateSystemNames.PATIENT


def attention_parametric_map(
    t1: Source,
    attention: NDArray[np.floating],
    roi_affine: NDArray[np.float64],
    roi_size: tuple[int, int, int],
    weights_sha256: str,
) -> pm.ParametricMap:
    """Return the attention on the ROI's voxels, one frame for each of its D planes.

    Args:
        t1: the later scan.
        attention: coarse map of the network, shape (d, h, w).
        roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm; its axes are the patient's.
        roi_size: the ROI's voxels (D, H, W).
        weights_sha256: of the checkpoint's file, hexadecimal.

    The values are even shares: 1 is the average cell. They have no unit.
    """
    values = attention_on_roi(attention, roi_size).astype(np.float32)  # (D, H, W)
    between_planes, between_rows, between_columns = (float(np.linalg.norm(roi_affine[:3, axis])) for axis in range(3))
    across, down = roi_affine[:3, 2] / between_columns, roi_affine[:3, 1] / between_rows
    corners = [(roi_affine @ (plane, 0, 0, 1))[:3] for plane in range(roi_size[0])]
    lowest, highest = float(values.min()), float(values.max())
    mapping = pm.RealWorldValueMapping(
        lut_label="attention",
        lut_explanation="1 is the average cell; no unit",
        unit=codes.UCUM.NoUnits,
        value_range=(lowest, highest),
        slope=1,
        intercept=0,
    )
    window = highdicom.VOILUTTransformation(
        window_center=(1 + highest) / 2,
        window_width=max(highest - 1, NARROWEST_WINDOW),
        voi_lut_function="LINEAR_EXACT",  # the plain one allows no width below 1
    )
    made = pm.ParametricMap(
        source_images=list(t1.instances),
        pixel_array=values,
        series_instance_uid=highdicom.UID(),
        series_number=MAP_SERIES,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number=weights_sha256[:DIGEST_SHOWN],
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        pixel_measures=highdicom.PixelMeasuresSequence(
            pixel_spacing=(between_rows, between_columns),
            slice_thickness=between_planes,
            spacing_between_slices=between_planes,
        ),
        plane_orientation=highdicom.PlaneOrientationSequence(PATIENT, [*across, *down]),
        plane_positions=[highdicom.PlanePositionSequence(PATIENT, corner.tolist()) for corner in corners],
        content_label="ATTENTION",
        content_description="Where the network looked; no evidence of where anything lies",
    )
    made.Laterality = ""  # the ROI does not tell the side
    made.SeriesDescription = "Attention of CSF-Net, research only"
    return made
