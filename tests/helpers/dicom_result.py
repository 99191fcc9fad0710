"""A result for the tests of DICOM objects, without a network: headers, measurements, a made-up probability."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.growth import growth
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.report import Case, CaseImages, Weights
from csfnet_bundle.report.dicom import NoduleResult, read_source
from csfnet_bundle.scans.scan import open_scan
from helpers.drawn_spheres import NETWORK
from helpers.predicted_pair import POINTS

DAYS = 366.0
ROI_SIZE = (16, 32, 32)
WEIGHTS = Weights("model.pt", "phantoms of the tests", phantoms=True, threshold=0.4)


def make_result(scans: Path, *, measured: bool = True) -> NoduleResult:
    """Return the result of the pair in ``scans``; without ``measured`` in a moment."""
    opened = {name: open_scan(scans / name) for name in POINTS}
    sources = {name: read_source(scan.series, POINTS[name]) for name, scan in opened.items() if scan.series}
    case = Case("100042", "1", 0.52, WEIGHTS, interval_days=DAYS, findings=("The kernels differ.",))
    result = NoduleResult(case, sources["t1"], sources["t0"], "ab" * 32)
    if not measured:
        return result
    made = {
        name: measure(scan, Point(POINTS[name], Space.LPS), clicks=True, network=NETWORK)
        for name, scan in opened.items()
    }
    return replace(result, measured=made, growth=growth(made["t0"], made["t1"], DAYS))


def focused_images() -> CaseImages:
    """Return ROIs with an attention of one strong cell, away from the middle."""
    attention = np.full((4, 8, 8), 0.5)
    attention[1, 2, 5] = 6.0
    return CaseImages(np.zeros((2, *ROI_SIZE), np.float32), attention / attention.sum())


def roi_affine() -> np.ndarray:
    """Return the affine of a ROI of 1 mm around t1's point, from (d, h, w, 1) to LPS mm."""
    affine = np.zeros((4, 4))
    affine[[2, 1, 0, 3], [0, 1, 2, 3]] = 1.0
    affine[:3, 3] = np.array(POINTS["t1"]) - [(size - 1) / 2 for size in ROI_SIZE[::-1]]
    return affine
