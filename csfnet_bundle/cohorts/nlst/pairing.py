"""From sightings to follow-up pairs: one sighting a screen, then neighbouring screens, or any two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, groupby, pairwise

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.sighting import PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom.kernels import kernel_sharpness


class Screens(StrEnum):
    """Which screens of a nodule make a pair."""

    NEIGHBOURING = "neighbouring"
    """Each screen with the next one on which the nodule was seen."""
    ANY = "any"
    """Every two screens."""


@dataclass(frozen=True)
class PairedSightings:
    """One nodule in two scans, ``t0`` being the earlier one."""

    t0: Sighting
    t1: Sighting

    @property
    def subject(self) -> str:
        """PatientID."""
        return self.t0.subject

    @property
    def nodule(self) -> str:
        """Name of the nodule and of the interval: a nodule can be in several pairs."""
        return f"{self.t0.nodule}-{self.t0.time}-{self.t1.time}"

    @property
    def name(self) -> str:
        """How a message calls the pair."""
        return f"{self.subject}/{self.nodule}"


def check_labels(sightings: Iterable[Sighting]) -> None:
    """Refuse a nodule with two labels.

    Raises:
        BundleError: with the two rows.
    """
    first: dict[tuple[str, str], Sighting] = {}
    for sighting in sightings:
        if sighting.label is None:
            continue
        other = first.setdefault((sighting.subject, sighting.nodule), sighting)
        if other.label != sighting.label:
            raise BundleError(
                f"nodule {sighting.subject}/{sighting.nodule} has label {other.label} in row {other.row} and "
                f"{sighting.label} in row {sighting.row}",
                remedy="One nodule keeps one label over its scans: correct the table.",
            )


def one_per_screen(
    sightings: Iterable[Sighting], found: Mapping[str, IndexedSeries]
) -> tuple[list[Sighting], list[tuple[Sighting, str]]]:
    """Keep one sighting of each nodule at each time; return the kept ones and the others with their names.

    The rule: the largest box first; then, between reconstructions of one scan, thin slices before thick ones, a soft
    kernel before a sharp one, more slices before fewer; what is still equal is decided by the row's number.
    """

    def key(sighting: Sighting) -> tuple[str, str, str]:
        return sighting.subject, sighting.nodule, sighting.date

    def preference(sighting: Sighting) -> tuple[float, tuple[float, int, int, int]]:
        area = sighting.place.width * sighting.place.height if isinstance(sighting.place, PixelBox) else 0.0
        return -area, series_preference(sighting, found)

    kept: list[Sighting] = []
    others: list[tuple[Sighting, str]] = []
    for _, group in groupby(sorted(sightings, key=key), key=key):
        best, *rest = sorted(group, key=preference)
        kept.append(best)
        others.extend((sighting, f"{sighting.record}, kept row {best.row}") for sighting in rest)
    return kept, others


def series_preference(sighting: Sighting, found: Mapping[str, IndexedSeries]) -> tuple[float, int, int, int]:
    """Return what is least for the best of several series: thin slices, then a soft kernel, then many slices."""
    series = found.get(sighting.series_uid)
    if series is None:
        return 0.0, 0, 0, sighting.row
    thickness = series.nlst.slice_mm or float("inf")
    return thickness, kernel_sharpness(series.nlst.kernel or "", series.maker), -series.instances, sighting.row


def pair_sightings(
    sightings: Iterable[Sighting], screens: Screens
) -> tuple[list[PairedSightings], list[tuple[Sighting, str]]]:
    """Return the follow-up pairs, ordered by patient, nodule and date, and the nodules that were seen only once."""
    pairs: list[PairedSightings] = []
    single: list[tuple[Sighting, str]] = []
    ordered = sorted(sightings, key=lambda sighting: (sighting.subject, sighting.nodule, sighting.date))
    for _, group in groupby(ordered, key=lambda sighting: (sighting.subject, sighting.nodule)):
        seen = list(group)
        if len(seen) == 1:
            single.append((seen[0], seen[0].record))
        chosen = pairwise(seen) if screens is Screens.NEIGHBOURING else combinations(seen, 2)
        pairs.extend(PairedSightings(t0, t1) for t0, t1 in chosen)
    return pairs, single
