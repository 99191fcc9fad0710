"""Both scans of a follow-up pair measured, and the growth between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.nodule.flags import OF_THE_VOLUME
from csfnet_bundle.nodule.growth import Growth, growth
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.nodule.network import NoduleNetwork
from csfnet_bundle.nodule.reading import measure_place
from csfnet_bundle.scans.scan import OpenedScan


@dataclass(frozen=True)
class PairMeasurements:
    """What was measured in a pair.

    Attributes:
        t0: the nodule in the earlier scan; None where there is no such scan, or where it was not measured.
        t1: the same in the later scan.
        growth: between them; None where one of them, or the interval, is missing.
        notes: why a scan was not measured or no growth is given, and what makes it doubtful, one sentence each.
    """

    t0: Measurement | None = None
    t1: Measurement | None = None
    growth: Growth | None = None
    notes: tuple[str, ...] = ()

    @property
    def doubt(self) -> str:
        """Why growth and what guidelines say of the size are doubtful; empty where nothing is known against them."""
        return volume_doubt({"t0": self.t0, "t1": self.t1})

    def to_plain(self) -> dict[str, object]:
        """Return the figures as JSON takes them; see :meth:`Measurement.to_plain` and :meth:`Growth.to_plain`."""
        return {
            "t0": None if self.t0 is None else self.t0.to_plain(),
            "t1": None if self.t1 is None else self.t1.to_plain(),
            "growth": None if self.growth is None else self.growth.to_plain(),
            "notes": list(self.notes),
        }

    def columns(self) -> dict[str, object]:
        """Return the figures as cells of a table: those of each scan, then :data:`GROWTH_COLUMNS`; None: not known."""
        cells: dict[str, object] = {}
        for name, one in (("t0", self.t0), ("t1", self.t1)):
            plain = {} if one is None else one.to_plain()
            cells |= {f"{name}_{key}": plain.get(key) for key in SCAN_COLUMNS}
            cells[f"{name}_flags"] = None if one is None else " ".join(flag.code.value for flag in one.flags)
        change = self.growth
        low, high = (None, None) if change is None or change.limits is None else change.limits
        ratio = None if change is None else change.volume_ratio
        days = None if change is None else change.doubling_time_days
        values = (None if change is None else change.change.value, ratio, low, high, days, " ".join(self.notes) or None)
        return cells | dict(zip(GROWTH_COLUMNS, values, strict=True))


def volume_doubt(measured: Mapping[str, Measurement | None]) -> str:
    """Return what makes doubtful all that rests on the volumes of measurements; empty where nothing does.

    Args:
        measured: the measurements by the names of their scans.
    """
    reasons = {
        name: [OF_THE_VOLUME[flag.code] for flag in one.flags if flag.code in OF_THE_VOLUME]
        for name, one in measured.items()
        if one is not None
    }
    told = "; ".join(f"in {name} {', '.join(found)}" for name, found in reasons.items() if found)
    what = "Guideline groups are" if None in measured.values() else "Growth and guideline groups are"
    return f"{what} doubtful, since the volume is: {told}." if told else ""


SCAN_COLUMNS = (
    *("volume_mm3", "equivalent_diameter_mm", "long_axis_mm", "short_axis_mm", "mean_diameter_mm"),
    *("mean_hu", "attenuation"),
)
"""What :meth:`PairMeasurements.columns` gives of each scan, behind ``t0_`` and ``t1_``, besides its flags."""
GROWTH_COLUMNS = (
    *("growth", "volume_ratio", "volume_ratio_lowest", "volume_ratio_highest", "doubling_time_days"),
    "measuring_notes",
)


@share("measure")
def measure_pair(
    scans: Sequence[OpenedScan | None],
    centers: NDArray[np.float64],
    interval_days: float | None,
    *,
    network: NoduleNetwork | None = None,
) -> PairMeasurements:
    """Measure the nodule in both scans with nine clicks each, and its growth.

    A scan whose nodule cannot be measured gets a note; the other one is measured all the same.

    Args:
        scans: t0 (None without a prior) and t1.
        centers: the nodule's places in them, LPS mm, shape (2, 3).
        interval_days: between the scans; None where nobody knows.
        network: by default the shipped one.

    Raises:
        BundleError: the measuring network's file is not there.
    """
    measured: list[Measurement | None] = []
    notes: list[str] = []
    for name, scan, center in zip(("t0", "t1"), scans, centers, strict=True):
        try:
            measured.append(
                None if scan is None else measure_place(scan, center, clicks=True, network=network, record=name)
            )
        except Refusal as refusal:
            measured.append(None)
            notes.append(f"{name} was not measured: {refusal.problem} ({refusal.code}).")
    t0, t1 = measured
    change = None
    if t0 is not None and t1 is not None:
        if interval_days is None or interval_days <= 0:
            notes.append("No growth is given: the days between the scans are not known.")
        else:
            change = growth(t0, t1, interval_days)
    doubt = volume_doubt({"t0": t0, "t1": t1})
    notes += [doubt] if doubt else []
    return PairMeasurements(t0, t1, change, tuple(notes))
