"""Whether stored values and their rescaling can be Hounsfield units: air must be near -1000.

The limits are those of :mod:`csfnet_bundle.geometry.hounsfield`. Here percentiles are judged by counting the stored
values of every slice decoded, which costs a tenth of sorting them and keeps no pixels.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry.hounsfield import AIR_HIGHEST_HU, AIR_LOWEST_HU, HIGHEST_CT_HU
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.tolerances import (
    AIR_PERCENTILE,
    CENTRAL_PADDING_SHARE,
    CENTRAL_SHARE,
    INSCRIBED_SHARE,
    PADDING_BELOW_HU,
    TOO_LOW_PERCENTILE,
    WRAPPED_HU,
    WRAPPED_SHARE,
)


class HounsfieldCheck:
    """Counts pixels of slices, and refuses them together if they cannot be HU."""

    def __init__(self) -> None:
        self._unpadded = self._too_low = self._air = self._central = self._central_padding = 0
        self._pixels = self._too_high = self._wrapped = 0

    def add(self, stored: NDArray[np.integer], instance: Instance) -> None:
        """Count the stored values of one whole slice, shape (rows, columns)."""
        inscribed = _amid(stored, INSCRIBED_SHARE)
        below = _count_below(inscribed, PADDING_BELOW_HU, instance)
        too_low = _count_below(inscribed, AIR_LOWEST_HU, instance)
        air = _count_below(inscribed, AIR_HIGHEST_HU, instance)
        announced = _count_padding(inscribed, instance)
        self._unpadded += inscribed.size - below - announced[0]
        self._too_low += too_low - below - announced[1]
        self._air += air - below - announced[2]
        central = _amid(stored, CENTRAL_SHARE)
        self._central += central.size
        self._central_padding += _count_below(central, PADDING_BELOW_HU, instance)
        self._pixels += stored.size
        too_high, wrapped = _count_wrapped(stored, instance)
        self._too_high += too_high
        self._wrapped += wrapped

    def refuse_if_implausible(self, series: str) -> None:
        """Judge everything added so far.

        Raises:
            Refusal: NOT_HU.
        """
        self._refuse_if_wrapped(series)
        padded = self._central_padding / self._central if self._central else 0.0
        if padded > CENTRAL_PADDING_SHARE:
            problem = f"{padded:.0%} of the pixels amid the slices lie below {PADDING_BELOW_HU:.0f} HU"
        elif not self._unpadded:
            problem = "the slices hold nothing but padding"
        elif self._too_low > self._unpadded * TOO_LOW_PERCENTILE / 100:
            problem = f"percentile {TOO_LOW_PERCENTILE:g} of the pixels lies below {AIR_LOWEST_HU:.0f} HU"
        elif self._air < self._unpadded * AIR_PERCENTILE / 100:
            problem = f"percentile {AIR_PERCENTILE:g} of the pixels lies above {AIR_HIGHEST_HU:.0f} HU"
        else:
            return
        raise Refusal(
            RefusalCode.NOT_HU,
            f"{problem}; air or lung, between {AIR_LOWEST_HU:.0f} and {AIR_HIGHEST_HU:.0f} HU, was expected there",
            series=series,
            figures={
                "pixels": self._unpadded,
                "share_below_lowest_air": self._too_low / max(self._unpadded, 1),
                "share_air": self._air / max(self._unpadded, 1),
                "share_padding_amid": padded,
            },
            remedy="Give the CT with its rescale slope and intercept, not a windowed or scaled copy.",
        )

    def _refuse_if_wrapped(self, series: str) -> None:
        if self._too_high:
            problem = f"{self._too_high} pixels lie above {HIGHEST_CT_HU:.0f} HU"
        elif self._wrapped > WRAPPED_SHARE * self._pixels:
            problem = f"{self._wrapped} pixels above {WRAPPED_HU:.0f} HU lie alone amid air"
        else:
            return
        raise Refusal(
            RefusalCode.NOT_HU,
            f"{problem}: signed values called unsigned (PixelRepresentation 0) become such",
            series=series,
            figures={"pixels": self._pixels, "too_high": self._too_high, "alone_amid_air": self._wrapped},
            remedy="Get the series from before its conversion, or correct PixelRepresentation in all of its files.",
        )


def _count_wrapped(stored: NDArray[np.integer], instance: Instance) -> tuple[int, int]:
    """Count pixels above all HU, announced padding left out, and very bright ones between two of air in their row.

    Signed pixels did not wrap; saturated ones of an intercept of 0 are 32,767 HU.
    """
    high = _above(stored, WRAPPED_HU, instance)
    if high is None:
        return 0, 0
    if instance.padding is not None:
        high &= (stored < instance.padding[0]) | (stored > instance.padding[1])
    too_high = None if instance.signed else _above(stored, HIGHEST_CT_HU, instance)
    air = stored < math.floor(_stored_limit(AIR_HIGHEST_HU, instance))
    alone = high[:, 1:-1] & air[:, :-2] & air[:, 2:]
    return 0 if too_high is None else int(np.count_nonzero(high & too_high)), int(np.count_nonzero(alone))


def _above(stored: NDArray[np.integer], hu: float, instance: Instance) -> NDArray[np.bool_] | None:
    """Return where the pixels lie above ``hu``; None if none does, which the maximum tells at once."""
    limit = _stored_limit(hu, instance)
    return stored > limit if float(stored.max()) > limit else None


def _amid(stored: NDArray[np.integer], share: float) -> NDArray[np.integer]:
    """Return the rectangle in the middle whose sides are ``share`` of the image's."""
    (top, bottom), (left, right) = ((int(n * (1 - share) / 2), math.ceil(n * (1 + share) / 2)) for n in stored.shape)
    return stored[top:bottom, left:right]


def _stored_limit(hu: float, instance: Instance) -> float:
    """Return the stored value that stands for ``hu``."""
    assert instance.slope is not None
    assert instance.intercept is not None
    return (hu - instance.intercept) / instance.slope


def _count_below(stored: NDArray[np.integer], hu: float, instance: Instance) -> int:
    limit = math.ceil(_stored_limit(hu, instance))
    kind = np.iinfo(stored.dtype)
    if limit <= kind.min:
        return 0
    if limit > kind.max:
        return stored.size
    return int(np.count_nonzero(stored < stored.dtype.type(limit)))


def _count_padding(stored: NDArray[np.integer], instance: Instance) -> tuple[int, int, int]:
    """Count announced padding that is not too low to count anyhow: all of it, below the lowest air, and below air."""
    if instance.padding is None:
        return 0, 0, 0
    first, last = instance.padding
    if last < _stored_limit(PADDING_BELOW_HU, instance):
        return 0, 0, 0
    padding = stored[(stored >= first) & (stored <= last)]
    low = _count_below(padding, PADDING_BELOW_HU, instance)
    return (
        padding.size - low,
        _count_below(padding, AIR_LOWEST_HU, instance) - low,
        _count_below(padding, AIR_HIGHEST_HU, instance) - low,
    )
