"""Nodules seen once, carried back to the patient's earlier scan: their place there is to be found by matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.pairing import PairedSightings, Screens, series_preference
from csfnet_bundle.cohorts.nlst.sighting import Sighting


def carry_back(
    single: Sequence[tuple[Sighting, str]],
    sightings: Sequence[Sighting],
    found: Mapping[str, IndexedSeries],
    screens: Screens,
) -> tuple[list[PairedSightings], list[tuple[Sighting, str]]]:
    """Return a pair for each nodule seen once whose patient has an earlier scan, and the other nodules.

    Earlier scans are those that the table names for the patient's other nodules: the last one before the nodule was
    seen, or with ``Screens.ANY`` one of each earlier date.

    Args:
        single: nodules seen once, each with the name that a message calls it.
        sightings: all sightings of the table that are in use.
        found: what the index says of their series.
        screens: which screens make a pair.
    """
    scans: dict[str, dict[str, list[Sighting]]] = {}
    for sighting in sightings:
        scans.setdefault(sighting.subject, {}).setdefault(sighting.date, []).append(sighting)
    pairs: list[PairedSightings] = []
    others: list[tuple[Sighting, str]] = []
    for sighting, name in single:
        by_date = scans.get(sighting.subject, {})
        earlier = sorted(date for date in by_date if date < sighting.date)
        if not earlier:
            others.append((sighting, name))
        for date in earlier[-1:] if screens is Screens.NEIGHBOURING else earlier:
            scan = min(by_date[date], key=lambda one: series_preference(one, found))
            prior = replace(scan, nodule=sighting.nodule, place=None, label=sighting.label, strata={})
            pairs.append(PairedSightings(prior, sighting))
    return pairs, others
