"""What a ROI is: its size, spacing and window; carried by every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from csfnet_bundle.errors import BundleError
from csfnet_bundle.geometry import RoiGrid


@dataclass(frozen=True)
class RoiSettings:
    """Size, spacing and window of a ROI; the same for both scans of a pair and for every system compared.

    Attributes:
        size: voxels along (D, H, W).
        spacing: mm along (D, H, W).
        window: HU that become 0 and 1.
    """

    size: tuple[int, int, int] = (16, 64, 64)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    window: tuple[float, float] = (-1200.0, 600.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(int(n) for n in self.size))
        object.__setattr__(self, "spacing", tuple(float(mm) for mm in self.spacing))
        object.__setattr__(self, "window", tuple(float(hu) for hu in self.window))
        if len(self.size) != 3 or min(self.size) < 1:
            raise BundleError(f"ROI size {self.size} is not three positive numbers (D, H, W)")
        if len(self.spacing) != 3 or min(self.spacing) <= 0:
            raise BundleError(f"ROI spacing {self.spacing} is not three positive mm (D, H, W)")
        if len(self.window) != 2 or self.window[0] >= self.window[1]:
            raise BundleError(f"window {self.window} is not (low, high) in HU")

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> RoiSettings:
        """Make settings from plain values, as a config or a checkpoint has them."""
        return cls(**values)  # type: ignore[arg-type]

    def to_plain(self) -> dict[str, list[float]]:
        """Return plain lists, for a checkpoint."""
        return {key: list(value) for key, value in asdict(self).items()}

    def grid(self, center: tuple[float, float, float]) -> RoiGrid:
        """Return the sampling grid around a nodule point in LPS mm."""
        return RoiGrid(center, self.size, self.spacing)
