"""Whether the index says the same of a series as the table of positions: patient, date and study year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.sighting import Sighting


def disagreement(sighting: Sighting, found: Mapping[str, IndexedSeries]) -> str | None:
    """Return what is wrong between a sighting and its series in the index, with both values; None if they agree."""
    series = found.get(sighting.series_uid)
    if series is None:
        return f"series {sighting.series_uid} is not in the index"
    if series.patient != sighting.subject:
        return f"the table says patient {sighting.subject}, the index {series.patient} for series {series.uid}"
    if series.date != sighting.date:
        return f"the table says date {sighting.date}, the index {series.date} for series {series.uid}"
    year = series.nlst.screen
    if sighting.screen is not None and year is not None and year != sighting.screen:
        return f"the table says study year {sighting.screen}, the description {year} for series {series.uid}"
    return None


def split_by_agreement(
    sightings: Iterable[Sighting], found: Mapping[str, IndexedSeries]
) -> tuple[list[Sighting], list[tuple[Sighting, str]]]:
    """Return the sightings that agree with the index, and the others with what is wrong.

    A sighting whose table names the scan's path needs no index and agrees.
    """
    agreeing: list[Sighting] = []
    refused: list[tuple[Sighting, str]] = []
    for sighting in sightings:
        problem = None if sighting.path is not None else disagreement(sighting, found)
        if problem is None:
            agreeing.append(sighting)
        else:
            refused.append((sighting, f"{sighting.record}: {problem}"))
    return agreeing, refused
