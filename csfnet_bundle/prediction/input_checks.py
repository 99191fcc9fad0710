"""What speaks against the inputs of a prediction, beyond the points: looks and size outside of the training set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY, TrainingDomain
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.nodule.roi_check import cut_finding
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint

NOT_DESCRIBED = (
    "whether size and ROIs are like those of the training set was not checked: the weights do not tell what they were "
    "trained on (csfnet describe-model)."
)


def training_domain(checkpoint: ModelCheckpoint) -> TrainingDomain | None:
    """Return what weights were trained on; None where they do not tell.

    Raises:
        BundleError: the description cannot be read; the message names the checkpoint.
    """
    return TrainingDomain.from_plain(checkpoint.further[DOMAIN_KEY]) if DOMAIN_KEY in checkpoint.further else None


def unlike_findings(domain: TrainingDomain | None, image: NDArray[np.float32], roi: RoiSettings) -> tuple[str, ...]:
    """Return what to say about the looks of a pair's ROIs.

    Args:
        domain: what the weights were trained on.
        image: ROIs of t0 and t1 in [0, 1], (2, D, H, W), as the network sees them.
        roi: their settings.
    """
    if domain is None:
        return (NOT_DESCRIBED,)
    low, high = roi.window
    finding = domain.unlike_finding(low + image * (high - low), roi.spacing)
    return () if finding is None else (finding,)


def measured_findings(
    domain: TrainingDomain | None,
    measured: PairMeasurements,
    affines: NDArray[np.float64],
    size: Sequence[int],
) -> tuple[str, ...]:
    """Return what the measured nodule says against the inputs: cut by the ROI, or of a size not trained on.

    Args:
        domain: what the weights were trained on.
        measured: the nodule in both scans.
        affines: (2, 4, 4) from (d, h, w, 1) of each ROI to LPS mm of its scan.
        size: the ROI's voxels (D, H, W).
    """
    depth, height, width = size
    found = []
    for name, one, affine in zip(("t0", "t1"), (measured.t0, measured.t1), affines, strict=True):
        if one is None:
            continue
        found.append(cut_finding(name, one, affine, (depth, height, width)))
        if domain is not None:
            found.append(domain.size_finding(name, one.equivalent_diameter_mm))
    return tuple(filter(None, found))
