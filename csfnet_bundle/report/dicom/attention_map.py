"""The network's attention as a DICOM parametric map in the t1 scan's frame of reference."""

from __future__ import annotations

import highdicom
import numpy as np
from highdicom import pm
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.report.attention_map import EVEN_ATTENTION, attention_in_even_shares, attention_on_roi
from csfnet_bundle.report.dicom.equipment import DIGEST_SHOWN, MANUFACTURER, MAP_SERIES, MODEL, RESEARCH
from csfnet_bundle.report.dicom.result import NoduleResult

LARGEST_STORED = 2**16 - 1
SELECTED = "Where the network looked; training had to select a place"
NOT_KNOWN_TO_SELECT = "Not known that training had to select: no evidence of a place"
"""At most 64 characters, which the standard gives a description."""
PATIENT = highdicom.CoordinateSystemNames.PATIENT


def has_focus(attention: NDArray[np.floating] | None) -> bool:
    """Say whether a map is worth showing: its largest cell has more than :data:`EVEN_ATTENTION` times the average."""
    return attention is not None and float(attention_in_even_shares(attention).max()) > EVEN_ATTENTION


def attention_parametric_map(
    result: NoduleResult,
    attention: NDArray[np.floating],
    roi_affine: NDArray[np.float64],
    roi_size: tuple[int, int, int],
) -> pm.ParametricMap:
    """Return the attention on the ROI's voxels, one frame of 16 bits for each of its D planes.

    Args:
        result: whose attention it is.
        attention: coarse map of the network, shape (d, h, w), with a focus (see :func:`has_focus`).
        roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm; its axes are the patient's.
        roi_size: the ROI's voxels (D, H, W).

    The values are even shares: 1 is the average cell. They have no unit. The window is from the average cell, black, to
    the largest, white.
    """
    values = attention_on_roi(attention, roi_size)  # (D, H, W)
    between_planes, between_rows, between_columns = (float(np.linalg.norm(roi_affine[:3, axis])) for axis in range(3))
    across, down = roi_affine[:3, 2] / between_columns, roi_affine[:3, 1] / between_rows
    corners = [(roi_affine @ (plane, 0, 0, 1))[:3] for plane in range(roi_size[0])]
    highest = float(values.max())
    step = highest / LARGEST_STORED
    mapping = pm.RealWorldValueMapping(
        lut_label="attention",
        lut_explanation="1 is the average cell; no unit",
        unit=codes.UCUM.NoUnits,
        value_range=(0, LARGEST_STORED),
        slope=step,
        intercept=0,
    )
    window = highdicom.VOILUTTransformation(
        # Of stored values, as the standard has it for maps of integers.
        window_center=round((1 + highest) / 2 / step),
        window_width=round((highest - 1) / step),
        voi_lut_function="LINEAR_EXACT",
    )
    made = pm.ParametricMap(
        source_images=list(result.t1.instances),
        pixel_array=np.rint(values / step).astype(np.uint16),
        series_instance_uid=result.uids.series("attention"),
        series_number=MAP_SERIES,
        sop_instance_uid=result.uids.instance("attention"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number=result.weights_sha256[:DIGEST_SHOWN],
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
        content_description=SELECTED if result.case.weights.attention_selects else NOT_KNOWN_TO_SELECT,
    )
    made.Laterality = ""  # the ROI does not tell the side
    made.SeriesDescription = f"{RESEARCH}: attention of CSF-Net"
    return made
