"""A sighting: one nodule of one participant in one scan, as a table of positions gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from csfnet_bundle.geometry import Point

SCREEN_DATES = ("19990102", "20000102", "20010102")
"""The fictitious study dates of NLST's screens T0, T1 and T2."""


@dataclass(frozen=True)
class PixelBox:
    """A box on one axial slice, in pixels of the whole image.

    Attributes:
        slice_number: InstanceNumber of the slice.
        column: leftmost column of the box, counted from 0.
        row: topmost row of the box, counted from 0.
        width: number of columns.
        height: number of rows.
    """

    slice_number: int
    column: float
    row: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row of the box's centre; pixel centres are at whole numbers."""
        return self.column + (self.width - 1) / 2, self.row + (self.height - 1) / 2


@dataclass(frozen=True)
class Sighting:
    """One nodule in one scan.

    Attributes:
        subject: PatientID.
        nodule: the nodule's name, the same in all scans of the participant.
        series_uid: SeriesInstanceUID of the scan; empty where ``path`` names the scan.
        place: where the nodule is; None where matching is to find it, from its place in a later scan.
        label: 1 malignant, 0 benign, None unknown.
        date: study date, ``YYYYMMDD``.
        row: row of the source table, the header being row 1: what a message names.
        screen: 0, 1 or 2 for NLST's yearly screens, None elsewhere.
        path: folder or file of the scan, where the table names one.
        day: the day of the scan, counted from any one of the patient's; None where only the date tells.
        clinical: clinical values that the table itself has.
        strata: what else the table says of the nodule; no network sees it.
    """

    subject: str
    nodule: str
    series_uid: str
    place: Point | PixelBox | None
    label: int | None
    date: str
    row: int
    screen: int | None = None
    path: str | None = None
    day: float | None = None
    clinical: Mapping[str, object] = field(default_factory=dict)
    strata: Mapping[str, object] = field(default_factory=dict)

    @property
    def time(self) -> str:
        """How the scan's time is called: ``T0`` to ``T2`` in NLST, the date elsewhere."""
        return self.date if self.screen is None else f"T{self.screen}"

    @property
    def record(self) -> str:
        """How a message calls the sighting."""
        return f"row {self.row}, {self.subject}/{self.nodule}, {self.time}"


def screen_of(date: str) -> int | None:
    """Return the NLST screen (0, 1, 2) of a study date, None if it is not one of NLST's dates."""
    return SCREEN_DATES.index(date) if date in SCREEN_DATES else None
