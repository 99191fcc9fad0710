"""What a guideline needs to know of a nodule, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.growth import Change
from csfnet_bundle.nodule.pair import PairMeasurements


@dataclass(frozen=True)
class NoduleFacts:
    """A nodule as it was measured; None is not known.

    Attributes:
        mean_diameter_mm: mean of long and short axis in the later scan.
        volume_mm3: in the later scan.
        attenuation: in the later scan.
        earlier_mean_diameter_mm: mean diameter in the earlier scan.
        interval_days: between the scans.
        volume_ratio: later over earlier volume.
        doubling_time_days: days in which the volume doubles; negative where it halves, None also within the limits of
            error.
        is_new: whether the earlier scan shows nothing at the place.
        comparable: whether the two measurements may be compared; not where no growth is given.
    """

    mean_diameter_mm: float
    volume_mm3: float
    attenuation: Attenuation
    earlier_mean_diameter_mm: float | None = None
    interval_days: float | None = None
    volume_ratio: float | None = None
    doubling_time_days: float | None = None
    is_new: bool = False
    comparable: bool = True

    @classmethod
    def of(cls, measured: PairMeasurements, interval_days: float | None, *, is_new: bool = False) -> NoduleFacts | None:
        """Return the facts of a measured pair; None where the later scan was not measured."""
        if measured.t1 is None:
            return None
        change = measured.growth
        return cls(
            mean_diameter_mm=measured.t1.mean_diameter_mm,
            volume_mm3=measured.t1.volume_mm3,
            attenuation=measured.t1.attenuation,
            earlier_mean_diameter_mm=None if measured.t0 is None else measured.t0.mean_diameter_mm,
            interval_days=interval_days,
            volume_ratio=None if change is None else change.volume_ratio,
            doubling_time_days=None if change is None else change.doubling_time_days,
            is_new=is_new,
            comparable=change is None or change.change is not Change.NOT_GIVEN,
        )


@dataclass(frozen=True)
class Statement:
    """What a guideline says.

    Attributes:
        guideline: its name and version.
        applies_to: whom it is written for.
        text: one or two sentences.
        source: where it was published.
        year: of the publication.
    """

    guideline: str
    applies_to: str
    text: str
    source: str
    year: int
