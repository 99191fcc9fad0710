"""Points of one nodule that are implausibly far apart between two scans: a sign of a wrong link or a wrong position."""

from __future__ import annotations

import math

IN_PLANE_MM = 60.0
"""mm. Relative to the middle of the image. In the boxes of NLSTx 99 of 100 pairs move less (docs/nlst.md): the patient
lies elsewhere, breathes in differently, or the image is centred elsewhere."""
ALONG_MM = 75.0
"""mm. Relative to the middle of the stack, which moves with how much of neck and abdomen was scanned."""
BESIDE_MIDLINE_MM = 20.0
"""mm. A nodule farther than this from the middle on one side, and then on the other, has changed lungs."""


def movement_problem(before: tuple[float, float, float | None], after: tuple[float, float, float | None]) -> str | None:
    """Return what is implausible about a nodule's movement, None if nothing is.

    Args:
        before: the point at t0 relative to the middle of its scan, LPS mm; z None where it is not known.
        after: the same at t1.
    """
    if min(abs(before[0]), abs(after[0])) > BESIDE_MIDLINE_MM and before[0] * after[0] < 0:
        return f"changed sides: {before[0]:.0f} mm from the middle at t0, {after[0]:.0f} mm at t1 (+ is left)"
    in_plane = math.hypot(after[0] - before[0], after[1] - before[1])
    if in_plane > IN_PLANE_MM:
        return f"moved {in_plane:.0f} mm within the axial plane"
    if before[2] is not None and after[2] is not None and abs(after[2] - before[2]) > ALONG_MM:
        return f"moved {abs(after[2] - before[2]):.0f} mm along the body"
    return None
