"""Positions from STMixer's tables: LPS points of NLST nodules over the yearly screens, and how they grew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records.rows import Row, parse_rows

COLUMNS = (
    *("pId", "seriesId", "study_year", "nodId", "id"),
    *("dx_world", "dy_world", "cx_world", "cy_world", "cz_world"),
)
GROWTH_COLUMNS = ("id", "Seg_label")
GROWTH = {"0": 0, "1": 0, "2": 1}
"""The table's classes (stable, shrinking, growing) as labels: growing is 1."""


def read_stmixer(path: Path, growth: Path | None = None) -> list[Sighting]:
    """Read the table of nodules, which says nothing of malignancy.

    Args:
        path: the table of nodules.
        growth: the table of growth classes, for labels: growing is 1, stable and shrinking are 0. Its class is that of
            a nodule's last two screens (of the nodules with three diameters, the class is that of the last two in all
            but a handful, with 1.5 mm as the limit), so that the last pair of a nodule has it and the others have none.

    Raises:
        BundleError: a cell that is not what its column should hold, with the row.
    """
    sightings = parse_rows(path, COLUMNS, _sighting)
    if growth is None:
        return sightings
    classes = dict(parse_rows(growth, GROWTH_COLUMNS, lambda row: (row.text("id"), row.choice("Seg_label", GROWTH))))
    last: dict[tuple[str, str], str] = {}
    for sighting in sightings:
        key = (sighting.subject, sighting.nodule)
        last[key] = max(last.get(key, ""), sighting.date)
    return [
        replace(sighting, label=classes.get(sighting.nodule))
        if sighting.date == last[(sighting.subject, sighting.nodule)]
        else sighting
        for sighting in sightings
    ]


def _sighting(row: Row) -> Sighting:
    subject, screen = row.name("pId"), row.whole("study_year")
    if not 0 <= screen < len(SCREEN_DATES):
        raise BundleError(f"study_year is {screen}, expected 0, 1 or 2", record=row.record)
    nodule = row.name("nodId")  # begins with the participant; of one row with another, which the index tells
    if row.text("id") != f"{nodule}_t{screen}":
        raise BundleError(f"id is {row.text('id')!r}, expected {nodule}_t{screen}", record=row.record)
    return Sighting(
        subject=subject,
        nodule=nodule,
        series_uid=row.uid("seriesId"),
        place=Point((row.number_in("cx_world"), row.number_in("cy_world"), row.number_in("cz_world")), Space.LPS),
        label=None,
        date=SCREEN_DATES[screen],
        screen=screen,
        row=row.number,
        strata={"diameter_mm": round(max(row.number_in("dx_world"), row.number_in("dy_world")), 2)},
    )
