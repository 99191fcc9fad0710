"""The pictures of a case for the page: t0 and t1 beside each other, at one scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages, Plane
from csfnet_bundle.report.case_panels import plane_panel, roi_panel, whole_panel
from csfnet_bundle.report.panel import LUNG_LEVEL, LUNG_WIDTH, Panel
from csfnet_bundle.report.panel_svg import panel_html
from csfnet_bundle.report.scan_pictures import VIEW_MM, ScanPictures, Slice
from csfnet_bundle.report.words import signed

NO_PRIOR = "No prior scan. The answer is from t1 alone."
PADDING_HU = -2000.0
"""Black: what is added so that both slices have one scale is no part of a scan."""

Group = dict[str, object]


def groups(case: Case, images: CaseImages, pictures: Mapping[str, ScanPictures]) -> list[Group]:
    """Return the groups of two pictures, t0 and t1.

    Args:
        case: for whether there is a t0.
        images: what the network saw; shown where there are no pictures of the scans.
        pictures: of the scans, by name.
    """
    if not pictures:
        return roi_groups(case, images)
    wholes = framed({name: one.whole for name, one in pictures.items()})
    shown = {name: replace(one, whole=wholes[name]) for name, one in pictures.items()}
    made = [_group("Axial slice", case, lambda name: whole_panel(name, shown[name]))]
    for plane in Plane:
        made.append(_group(f"{plane.capitalize()}, {VIEW_MM:.0f} mm", case, _plane_of(shown, plane)))
    return made


def roi_groups(case: Case, images: CaseImages) -> list[Group]:
    """Return the groups of t0 and t1 as the network saw them."""
    return [_group(f"{plane.capitalize()}, ROI", case, _roi_of(images, plane)) for plane in Plane]


def legend(images: CaseImages, pictures: Mapping[str, ScanPictures]) -> str:
    """Return what holds for all pictures: window, marks, orientation."""
    size = " x ".join(f"{n * mm:g}" for n, mm in zip(images.size[::-1], images.spacing[::-1], strict=True))
    marks = f"Yellow: the box of {size} mm that the network saw, around the nodule point."
    if any(lines for one in pictures.values() for lines in one.outlines.values()):
        marks += " Blue: the nodule as it was measured."
    if not pictures:
        marks = f"Shown is all that the network saw: {size} mm around the nodule point, at which the marks point."
    return (
        f"Lung window: level {signed(LUNG_LEVEL)} HU, width {LUNG_WIDTH:.0f} HU. The white bar has the length beside "
        f"it; t0 and t1 have one scale. {marks} R, L: the patient's right and left; A, P: front and back; S: towards "
        "the head."
    )


def framed(slices: Mapping[str, Slice]) -> dict[str, Slice]:
    """Return slices padded at right and below to one size in mm."""
    width = max(one.width_mm for one in slices.values())
    height = max(one.height_mm for one in slices.values())
    made = {}
    for name, one in slices.items():
        step = one.width_mm / one.hu.shape[1]
        more = (round((height - one.height_mm) / step), round((width - one.width_mm) / step))
        hu = np.pad(one.hu, ((0, more[0]), (0, more[1])), constant_values=PADDING_HU)
        made[name] = replace(one, hu=hu, width_mm=hu.shape[1] * step, height_mm=hu.shape[0] * step)
    return made


def _plane_of(shown: Mapping[str, ScanPictures], plane: Plane) -> Callable[[str], Panel]:
    return lambda name: plane_panel(name, shown[name], plane)


def _roi_of(images: CaseImages, plane: Plane) -> Callable[[str], Panel]:
    return lambda name: roi_panel(name, images, plane)


def _group(title: str, case: Case, make: Callable[[str], Panel]) -> Group:
    cells = []
    for name in ("t0", "t1"):
        if name == "t0" and not case.prior:
            cells.append({"html": "", "caption": NO_PRIOR})
            continue
        panel = make(name)
        cells.append({"html": panel_html(panel), "caption": panel.caption})
    return {"title": title, "pictures": cells}
