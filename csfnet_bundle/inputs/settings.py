"""What a ROI is: its size, spacing and window; carried by every checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid


@dataclass(frozen=True)
class RoiSettings:
    """Size, spacing and window of a ROI; the same for both scans of a pair and for every system compared.

    Attributes:
        size: voxels along (D, H, W).
        spacing: mm along (D, H, W).
        window: HU that become 0 and 1.

    Raises:
        BundleError: other than three whole numbers, three lengths and two HU in their order.
    """

    size: tuple[int, int, int] = (16, 64, 64)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: tuple[float, float] = (-1200.0, 600.0)

    def __post_init__(self) -> None:
        size, spacing, window = _numbers(self.size), _numbers(self.spacing), _numbers(self.window)
        if len(size) != 3 or min(size) < 1 or not all(number.is_integer() for number in size):
            raise BundleError(f"ROI size {self.size!r} is not three positive whole numbers (D, H, W)")
        if len(spacing) != 3 or min(spacing) <= 0:
            raise BundleError(f"ROI spacing {self.spacing!r} is not three positive mm (D, H, W)")
        if len(window) != 2 or window[0] >= window[1]:
            raise BundleError(f"ROI window {self.window!r} is not (low, high) in HU")
        object.__setattr__(self, "size", tuple(int(number) for number in size))
        object.__setattr__(self, "spacing", spacing)
        object.__setattr__(self, "window", window)

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> RoiSettings:
        """Make settings from plain values, as a config or a checkpoint has them.

        Raises:
            BundleError: a key that is none of them, or a value that does not fit.
        """
        known = [field.name for field in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise BundleError(f"a ROI has no {unknown[0]!r}", remedy=f"It has {', '.join(known)}.")
        return cls(**values)  # type: ignore[arg-type]

    def to_plain(self) -> dict[str, list[float]]:
        """Return plain lists, for a checkpoint."""
        return {key: list(value) for key, value in asdict(self).items()}

    def grid(self, center: tuple[float, float, float]) -> RoiGrid:
        """Return the sampling grid around a nodule point in LPS mm."""
        return RoiGrid(center, self.size, self.spacing)


def _numbers(values: object) -> tuple[float, ...]:
    """Return finite numbers as they are, and nothing for anything else, which is then too short to pass."""
    if not isinstance(values, Iterable) or isinstance(values, str):
        return ()
    items = tuple(values)
    if any(isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item) for item in items):
        return ()
    return tuple(float(item) for item in items)
