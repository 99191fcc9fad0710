"""Whether voxel values can be Hounsfield units: the air in a chest CT must be near -1000."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode

AIR_PERCENTILE = 5.0
"""Percentile that must be air. Lung counts as air: of the 696 tight nodule boxes of LIDC-IDRI each has its fifth
percentile between -1180 and -715 HU, and a whole slice has far more air than that."""

AIR_LOWEST_HU, AIR_HIGHEST_HU = -1300.0, -500.0
"""Where that percentile may lie: below, even a sharp kernel's noise around -1000 HU does not reach it; above, lie
stored values without their intercept (air at 0), grey values 0-255 and scaled images."""

SAMPLE_VOXELS = 1 << 20
"""Voxels that are looked at: a percentile of a million is as good as one of a hundred million, and costs 10 ms."""


def check_hounsfield(values: NDArray[np.generic], *, series: str = "", record: str = "") -> None:
    """Refuse voxels that cannot be Hounsfield units of a chest CT.

    Padding does not count: where the smallest value lies below :data:`AIR_LOWEST_HU`, voxels equal to it are left out.

    Args:
        values: supposed HU, any shape.
        series: SeriesInstanceUID or path, for the refusal.
        record: where it was found, for the refusal.

    Raises:
        Refusal: ``NOT_HU``.
    """
    sample = np.ravel(values)
    sample = sample[:: max(1, sample.size // SAMPLE_VOXELS)]
    if not np.isfinite(sample).all():
        raise _refusal("some voxels are not finite numbers", {}, series, record)
    lowest = sample.min()
    if float(lowest) < AIR_LOWEST_HU:
        unpadded = sample[sample > lowest]
        sample = unpadded if unpadded.size else sample
    air = float(np.percentile(sample, AIR_PERCENTILE))
    if not AIR_LOWEST_HU <= air <= AIR_HIGHEST_HU:
        problem = (
            f"the voxels' percentile {AIR_PERCENTILE:g} is {air:.0f}, expected air between {AIR_LOWEST_HU:.0f} and "
            f"{AIR_HIGHEST_HU:.0f} HU"
        )
        raise _refusal(problem, {"percentile": AIR_PERCENTILE, "value": air}, series, record)


def _refusal(problem: str, figures: dict[str, object], series: str, record: str) -> Refusal:
    return Refusal(
        RefusalCode.NOT_HU,
        problem,
        series=series,
        record=record,
        figures=figures,
        remedy="Give the CT in Hounsfield units, with its rescale slope and intercept, not a windowed or scaled copy.",
    )
