"""Whether voxel values can be Hounsfield units: the air in a chest CT must be near -1000."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode

AIR_PERCENTILE = 5.0
"""Percentile that must be air. Lung counts as air: of the 696 tight nodule boxes of LIDC-IDRI each has its fifth
percentile between -1180 and -715 HU, and a whole slice has far more air than that."""

AIR_LOWEST_HU, AIR_HIGHEST_HU = -1300.0, -500.0
"""Where that percentile may lie: below, even a sharp kernel's noise around -1000 HU does not reach it; above, lie
stored values without their intercept (air at 0), grey values 0-255 and scaled images."""

CONSTANT_SHARE = 0.5
"""Share of the voxels below :data:`AIR_LOWEST_HU` that must have one value (within 1 HU) for all of them to be padding:
resampling with B-splines makes values around the padding's, noise in air that is shifted has no such value."""

HIGHEST_CT_HU = 31_743.0
"""HU that no scanner exceeds: extended scales for metal end at 30,710. Signed words that are read as unsigned do: the
lowest of them, -32,768, becomes 32,768, which the usual intercept of -1024 makes 31,744 HU."""

HIGHEST_SHARE = 1e-3
"""Share of voxels above it that is too many in a volume file: resampling overshoots at metal, in few voxels."""

SAMPLE_VOXELS = 1 << 20
"""Voxels that are looked at: a percentile of a million is as good as one of a hundred million, and costs 10 ms."""


def check_hounsfield(values: NDArray[np.generic], *, series: str = "", record: str = "") -> None:
    """Refuse voxels that cannot be Hounsfield units of a chest CT.

    Padding does not count: of the voxels below :data:`AIR_LOWEST_HU`, all are left out where most have one value, else
    those that have the smallest one.

    Args:
        values: supposed HU, any shape.
        series: SeriesInstanceUID or path, for the refusal.
        record: where it was found, for the refusal.

    Raises:
        Refusal: ``NOT_HU``.
    """
    sample: NDArray[Any] = np.ravel(values)
    sample = sample[:: max(1, sample.size // SAMPLE_VOXELS)]
    if not np.isfinite(sample).all():
        raise _refusal("some voxels are not finite numbers", {}, series, record)
    if float((sample > HIGHEST_CT_HU).mean()) > HIGHEST_SHARE:
        problem = (
            f"{(sample > HIGHEST_CT_HU).mean():.1%} of the voxels lie above {HIGHEST_CT_HU:.0f} HU: unsigned words"
        )
        raise _refusal(f"{problem} over signed values", {"highest": float(sample.max())}, series, record)
    sample = _unpadded(sample)
    air = float(np.percentile(sample, AIR_PERCENTILE))
    if not AIR_LOWEST_HU <= air <= AIR_HIGHEST_HU:
        problem = (
            f"the voxels' percentile {AIR_PERCENTILE:g} is {air:.0f}, expected air between {AIR_LOWEST_HU:.0f} and "
            f"{AIR_HIGHEST_HU:.0f} HU"
        )
        raise _refusal(problem, {"percentile": AIR_PERCENTILE, "value": air}, series, record)


def _unpadded(sample: NDArray[Any]) -> NDArray[Any]:
    """Return the voxels that are no padding; all where nothing else is there."""
    low = sample[sample < AIR_LOWEST_HU].astype(np.float64)
    if not low.size:
        return sample
    values, counts = np.unique(np.round(low), return_counts=True)
    near = np.abs(low - values[counts.argmax()]) <= 1
    unpadded = sample[sample >= AIR_LOWEST_HU] if near.mean() >= CONSTANT_SHARE else sample[sample > sample.min()]
    return unpadded if unpadded.size else sample


def _refusal(problem: str, figures: dict[str, object], series: str, record: str) -> Refusal:
    return Refusal(
        RefusalCode.NOT_HU,
        problem,
        series=series,
        record=record,
        figures=figures,
        remedy="Give the CT in Hounsfield units, with its rescale slope and intercept, not a windowed or scaled copy.",
    )
