"""Maps of the network over t1: its attention where it is not flat, and what was asked for by ``--explain``."""

from __future__ import annotations

import numpy as np

from csfnet_bundle.report.attention_map import EVEN_ATTENTION
from csfnet_bundle.report.case import Weights
from csfnet_bundle.report.case_images import CaseImages, Plane
from csfnet_bundle.report.case_panels import FULL_COLOUR_SHARE, map_panel
from csfnet_bundle.report.panel_svg import panel_html
from csfnet_bundle.report.words import attention_focus


def maps(images: CaseImages, weights: Weights) -> list[dict[str, object]]:
    """Return the maps that say something, for the template."""
    return [*_attention(images, weights), *_explanation(images)]


def shows_attention(images: CaseImages) -> bool:
    """Say whether the attention is worth a picture: some cell gets half as much again as the average one."""
    return images.highest_share is not None and images.highest_share > EVEN_ATTENTION


def full_colour_share(images: CaseImages) -> float:
    """Return the attention, in even shares, that is drawn in the full colour."""
    return max(images.highest_share or 0.0, FULL_COLOUR_SHARE)


def _attention(images: CaseImages, weights: Weights) -> list[dict[str, object]]:
    if not shows_attention(images):
        return []
    assert images.cell_mm is not None
    assert images.highest_share is not None
    shares, full = images.attention_shares(), full_colour_share(images)
    cells = " x ".join(f"{mm:g}" for mm in images.cell_mm[::-1])
    return [
        {
            "id": "attention",
            "heading": "Where the network looked",
            "pictures": [panel_html(map_panel(images, shares, full, 1.0, plane, "the attention")) for plane in Plane],
            "notes": [
                f"Attention over t1: amber begins at the average cell and is full at {full:.1f} times it. "
                f"{attention_focus(images.highest_share, weights)} The network weighs cells {cells} mm apart, so the "
                "map is coarse and smoothed for display.",
                "It shows which places the network weighed most when it joined the images with the clinical values. "
                "It outlines nothing and is no reason for the probability.",
            ],
        }
    ]


def _explanation(images: CaseImages) -> list[dict[str, object]]:
    if images.explanation is None:
        return []
    values = np.abs(images.explanation)
    full = float(values.max())
    low, high = float(images.explanation.min()), float(images.explanation.max())
    return [
        {
            "id": "explanation",
            "heading": "What the number hangs on",
            "pictures": [
                panel_html(map_panel(images, values, full, 0.25 * full, plane, "the occlusion map")) for plane in Plane
            ],
            "notes": [
                "Occlusion: a cube of the ROI, in both scans where there are two, is replaced by lung, and the change "
                "of the log odds of malignancy is drawn at its place, amber from a quarter of the largest change on. "
                f"Changes range from {low:.2f} to "
                f"{high:.2f}.".replace("-", "\N{MINUS SIGN}"),
                "It shows where the network's answer depends on the voxels. It is no outline and no cause.",
            ],
        }
    ]
