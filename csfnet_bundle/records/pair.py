"""A follow-up pair: one nodule in two scans of one patient, with what is known about the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from functools import lru_cache

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point

MATCHED, GIVEN = "matched", "given"
"""Where a point comes from: found in t0 from t1's, or given by whoever wrote the record."""

CHOICE = "series_choice"
"""Key of a scan's record that says how its series was chosen; shown with what was found in the scan."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One CT scan of a pair and the nodule's place in it.

    Attributes:
        path: folder of DICOM files, or a .nii, .nii.gz or .mha file; relative to the datalist's folder.
        point: the nodule's centre in its declared space; None where it is to be found in t0 from t1's point, which
            records without a label may leave to the reader.
        series_uid: SeriesInstanceUID to read from the folder; None where the file is no DICOM or the rule chooses.
        date: study date, ``YYYYMMDD``; in NLST it is fictitious (19990102 = T0).
        point_source: :data:`GIVEN` or :data:`MATCHED`; None where the record does not say.
        extra: keys of the record that this version of the bundle does not know, kept as they are.
    """

    path: str
    point: Point | None
    series_uid: str | None = None
    date: str | None = None
    point_source: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Scan:
        """Make a scan from its part of a datalist record (already checked against the schema)."""
        point = None
        if record.get("point") is not None:
            point = Point(record["point"], record["space"])  # type: ignore[arg-type]
        return cls(
            path=str(record["path"]),
            point=point,
            series_uid=None if record.get("series_uid") is None else str(record["series_uid"]),
            date=None if record.get("date") is None else str(record["date"]),
            point_source=None if record.get("point_source") is None else str(record["point_source"]),
            extra={} if record.keys() <= _KNOWN else {k: value for k, value in record.items() if k not in _KNOWN},
        )

    def to_record(self) -> dict[str, object]:
        """Return the scan as plain values for a datalist."""
        record: dict[str, object] = {
            "path": self.path,
            "series_uid": self.series_uid,
            "date": self.date,
            "point": None if self.point is None else list(self.point.coordinates),
            "space": None if self.point is None else str(self.point.space),
            "point_source": self.point_source,
            **self.extra,
        }
        return {key: value for key, value in record.items() if value is not None}

    @property
    def known_point(self) -> Point:
        """The point; raises BundleError if the record has none."""
        if self.point is None:
            raise BundleError(f"{self.path} has no nodule point", remedy="Give one, or let t0's be found by matching.")
        return self.point

    @property
    def day(self) -> Date | None:
        """The study date as a date; raises BundleError if it is no calendar date."""
        if self.date is None:
            return None
        return _day(self.date)


_KNOWN = frozenset(("path", "point", "space", "series_uid", "date", "point_source"))


@lru_cache(maxsize=1 << 16)
def _day(text: str) -> Date:
    """Return a date; cohorts have few days and many scans."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise BundleError(f"date {text!r} is not a date YYYYMMDD") from None


@dataclass(frozen=True, slots=True)
class FollowUpPair:
    """One nodule of one patient, seen at t0 and again at t1.

    Attributes:
        subject: PatientID, any text.
        nodule: the nodule's name, unique within the patient.
        t1: the later scan.
        t0: the earlier scan; None for a one-scan record (no prior).
        label: 1 malignant, 0 benign, None unknown (inference).
        interval_days: true days between the scans, None unknown.
        clinical: NLST participant variables by name, NLST codes as values; a missing one is absent or None.
        strata: what subgroup analyses use (diameter, attenuation, scanner, kernel, ...); no network sees it.
    """

    subject: str
    nodule: str
    t1: Scan
    t0: Scan | None = None
    label: int | None = None
    interval_days: float | None = None
    clinical: Mapping[str, object] = field(default_factory=dict)
    strata: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How messages and tables call the pair: ``subject/nodule``."""
        return f"{self.subject}/{self.nodule}"

    @property
    def days(self) -> float | None:
        """Days between the scans: the interval, or those between the study dates; None unknown."""
        if self.interval_days is not None:
            return self.interval_days
        day0, day1 = None if self.t0 is None else self.t0.day, self.t1.day
        return None if day0 is None or day1 is None or day0 == day1 else float((day1 - day0).days)

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> FollowUpPair:
        """Make a pair from a datalist record that the schema has passed.

        Raises:
            BundleError: t0 after t1, or on its day without an interval, or a date that is none.
        """
        t0 = record.get("t0")
        pair = cls(
            subject=str(record["subject"]),
            nodule=str(record["nodule"]),
            t0=None if t0 is None else Scan.from_record(t0),  # type: ignore[arg-type]
            t1=Scan.from_record(record["t1"]),  # type: ignore[arg-type]
            label=record.get("label"),  # type: ignore[arg-type]
            interval_days=record.get("interval_days"),  # type: ignore[arg-type]
            clinical=dict(record.get("clinical") or {}),  # type: ignore[call-overload]
            strata=dict(record.get("strata") or {}),  # type: ignore[call-overload]
        )
        pair._check_order()
        return pair

    def to_record(self) -> dict[str, object]:
        """Return the pair as plain values for a datalist."""
        record: dict[str, object] = {
            "subject": self.subject,
            "nodule": self.nodule,
            "label": self.label,
            "t0": None if self.t0 is None else self.t0.to_record(),
            "t1": self.t1.to_record(),
            "interval_days": self.interval_days,
            "clinical": dict(self.clinical),
            "strata": dict(self.strata),
        }
        return {key: value for key, value in record.items() if value is not None}

    def _check_order(self) -> None:
        if self.t0 is None:
            return
        day0, day1 = self.t0.day, self.t1.day
        if day0 is not None and day0 == day1 and self.interval_days is not None:
            return  # dates that de-identification made equal; the record says how far the scans lie apart
        if day0 is not None and day1 is not None and day0 >= day1:
            raise BundleError(
                f"t0 is dated {self.t0.date}, t1 {self.t1.date}; t0 must be the earlier scan",
                remedy="Exchange t0 and t1, with their points, or correct the dates.",
            )
