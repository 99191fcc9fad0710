"""What a cohort needs from the Imaging Data Commons, told before anything is fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.pairing import PairedSightings
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED

MEGABYTES_PER_GIGABYTE = 1000.0
"""The index counts in 10^6 bytes."""


@dataclass(frozen=True)
class Plan:
    """What would be fetched.

    Attributes:
        patients: number of patients.
        pairs: number of follow-up pairs.
        series: the series, ordered by patient and date.
    """

    patients: int
    pairs: int
    series: tuple[IndexedSeries, ...]

    @property
    def gigabytes(self) -> float:
        """Size of all series, GB (10^9 bytes)."""
        return sum(series.megabytes for series in self.series) / MEGABYTES_PER_GIGABYTE

    @property
    def instances(self) -> int:
        """Number of files."""
        return sum(series.instances for series in self.series)

    @property
    def licences(self) -> Mapping[str, int]:
        """Number of series by licence."""
        return Counter(series.licence for series in self.series)

    def lines(self) -> list[str]:
        """Return the plan in words, one fact a line."""
        read = {
            syntax.uid for syntax in ALLOWED.values() if syntax.lossless and (syntax.plugin or not syntax.codestream)
        }
        unreadable = [one for one in self.series if not read.issuperset(one.transfer_syntaxes)]
        refused = [
            f"refused   {len(unreadable):,} series, by their transfer syntax: the reader takes lossless ones only"
        ]
        licences = ", ".join(f"{name} ({count} series)" for name, count in sorted(self.licences.items()))
        return [
            f"patients  {self.patients:,}",
            f"pairs     {self.pairs:,}",
            f"series    {len(self.series):,} with {self.instances:,} instances",
            f"size      {self.gigabytes:.1f} GB",
            f"licence   {licences or 'none: nothing is fetched'}",
            *(refused if unreadable else []),
        ]


def plan_downloads(pairs: Sequence[PairedSightings], found: Mapping[str, IndexedSeries]) -> Plan:
    """Return what the pairs need; scans whose table names a path need nothing."""
    uids = {sighting.series_uid for pair in pairs for sighting in (pair.t0, pair.t1) if sighting.path is None}
    series = sorted((found[uid] for uid in uids), key=lambda one: (one.patient, one.date, one.uid))
    return Plan(patients=_patients(pairs), pairs=len(pairs), series=tuple(series))


def _patients(pairs: Iterable[PairedSightings]) -> int:
    return len({pair.subject for pair in pairs})
