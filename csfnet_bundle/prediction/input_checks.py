"""What speaks against the inputs of a prediction, beyond the points: looks and size outside of the training set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.inputs.locating import LocatedScan
from csfnet_bundle.inputs.place_check import OUTSIDE_OF_LUNGS, check_in_lungs
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY, TrainingDomain
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.nodule.roi_check import cut_finding
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.scans.scan import OpenedScan

NOT_DESCRIBED = (
    "whether size and ROIs are like those of the training set was not checked: the weights hold no figures of it "
    "(csfnet describe-model)."
)


def training_domain(checkpoint: ModelCheckpoint) -> TrainingDomain | None:
    """Return what weights were trained on; None where they do not tell.

    Raises:
        BundleError: the description cannot be read; the message names the checkpoint.
    """
    return TrainingDomain.from_plain(checkpoint.further[DOMAIN_KEY]) if DOMAIN_KEY in checkpoint.further else None


def unlike_findings(
    checkpoint: ModelCheckpoint, domain: TrainingDomain | None, image: NDArray[np.float32]
) -> tuple[str, ...]:
    """Return what to say about the looks of a pair's ROIs.

    Args:
        checkpoint: the weights, with the settings of their ROIs.
        domain: what they were trained on.
        image: ROIs of t0 and t1 in [0, 1], (2, D, H, W), as the network sees them.
    """
    if domain is None:
        return (NOT_DESCRIBED,)
    roi = checkpoint.roi
    low, high = roi.window
    return domain.unlike_findings(low + image * (high - low), roi.spacing, phantoms=checkpoint.phantoms)


def without_pleural(
    findings: Sequence[str],
    measured: PairMeasurements,
    scans: Sequence[LocatedScan | None],
    centers: NDArray[np.float64],
) -> tuple[str, ...]:
    """Return the findings without that of a point outside of the lungs, where the measured nodule reaches them.

    Points are checked before anything is measured; a large nodule at the pleura is recognised by its outline alone.

    Args:
        findings: of the pair.
        measured: the nodule in both scans.
        scans: t0 and t1.
        centers: (2, 3), the points in them, LPS mm.
    """
    kept = list(findings)
    for name, one, scan, center in zip(("t0", "t1"), (measured.t0, measured.t1), scans, centers, strict=True):
        told = [text for text in kept if text.startswith(f"{name}: ") and OUTSIDE_OF_LUNGS in text]
        if told and one is not None and scan is not None:
            voxels = np.argwhere(one.mask)
            nodule = voxels @ one.cube.affine[:3, :3].T + one.cube.affine[:3, 3]
            if not check_in_lungs(scan, center, nodule, one.long_axis_mm / 2):
                kept = [text for text in kept if text not in told]
    return tuple(kept)


def measured_findings(
    domain: TrainingDomain | None,
    measured: PairMeasurements,
    affines: NDArray[np.float64],
    size: Sequence[int],
    scans: Sequence[OpenedScan | None] = (None, None),
) -> tuple[str, ...]:
    """Return what the measured nodule says against the inputs: cut by the ROI, or of a size not trained on.

    Args:
        domain: what the weights were trained on.
        measured: the nodule in both scans.
        affines: (2, 4, 4) from (d, h, w, 1) of each ROI to LPS mm of its scan.
        size: the ROI's voxels (D, H, W).
        scans: t0 and t1, for the names of their images.
    """
    depth, height, width = size
    found = []
    for name, one, affine, scan in zip(("t0", "t1"), (measured.t0, measured.t1), affines, scans, strict=True):
        if one is None:
            continue
        found.append(cut_finding(name, one, affine, (depth, height, width), scan))
        if domain is not None:
            found.append(domain.size_finding(name, one.equivalent_diameter_mm))
    return tuple(filter(None, found))
