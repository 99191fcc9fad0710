"""Whether a scan shows a whole chest or was cut out around a nodule."""

from __future__ import annotations

import numpy as np

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.scans.scan import OpenedScan

LEAST_WIDTH_MM = 200.0
"""A field of view that is narrower does not show both lungs: adults' chests are wider than 250 mm."""
LEAST_HEIGHT_MM = 100.0
"""Lungs are 200 mm and higher; a lower stack was cut out of a scan."""
NOT_CHECKED = "whether the point lies in the lungs was not checked: cropped scan."


def is_cropped(scan: OpenedScan) -> bool:
    """Say whether a scan was cut out around a nodule; a series with a gap counts as whole."""
    try:
        affine, shape = scan.affine, scan.shape
    except Refusal:
        return False
    steps = affine[:3, :3]
    extents = np.linalg.norm(steps, axis=0) * np.array(shape)
    along_body = int(np.abs(steps[2] / np.linalg.norm(steps, axis=0)).argmax())
    across = np.delete(extents, along_body)
    return bool(extents[along_body] < LEAST_HEIGHT_MM or across.min() < LEAST_WIDTH_MM)
