"""What was measured in both scans, and what a datalist records, in words."""

from __future__ import annotations

from collections.abc import Callable

from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.numbers import cubic_millimetres, hounsfield, millimetres
from csfnet_bundle.report.words import days, growth

NOT_MEASURED = "not measured"


def measurement_rows(case: Case) -> list[tuple[str, ...]]:
    """Return rows of a table with one cell for each scan; nothing where nothing was measured."""
    if case.measured is None or (case.measured.t0 is None and case.measured.t1 is None):
        return []
    scans = (case.measured.t0, case.measured.t1) if case.prior else (case.measured.t1,)
    return [
        ("Volume", *(_cell(one, lambda it: cubic_millimetres(it.volume_mm3)) for one in scans)),
        ("Mean diameter", *(_cell(one, lambda it: millimetres(it.mean_diameter_mm)) for one in scans)),
        ("Long x short axis", *(_cell(one, _axes) for one in scans)),
        ("Sphere of the volume", *(_cell(one, lambda it: millimetres(it.equivalent_diameter_mm)) for one in scans)),
        ("Type, by its core", *(_cell(one, type_words) for one in scans)),
        ("Mean with the rim", *(_cell(one, lambda it: hounsfield(it.mean_hu)) for one in scans)),
    ]


def measurement_doubts(case: Case) -> list[str]:
    """Return what makes the measurements doubtful, one sentence each with its scan."""
    scans = {} if case.measured is None else {"t0": case.measured.t0, "t1": case.measured.t1}
    return [f"{name}: {flag.text}" for name, one in scans.items() if one is not None for flag in one.flags]


def growth_sentences(case: Case) -> list[str]:
    """Return what is said about growth: by the measurements, or that there are none."""
    if case.measured is None:
        return ["The nodule was not measured."]
    if case.measured.growth is None:
        return []
    return [
        f"{case.measured.growth.text} Volume ratio and doubling time are the median of three methods; the limits hold "
        "the scatter of nine clicks and what two scans of an unchanged nodule differ by."
    ]


def measuring_notes(case: Case) -> tuple[str, ...]:
    """Return why something was not measured."""
    return () if case.measured is None else case.measured.notes


def recorded_rows(case: Case) -> list[tuple[str, str]]:
    """Return the interval and, where the datalist records diameters, those and the growth by them."""
    rows = [("Interval", _interval(case))]
    if case.diameter_t0_mm is not None or case.diameter_t1_mm is not None:
        rows += [
            ("Diameter at t0 in the datalist", millimetres(case.diameter_t0_mm)),
            ("Diameter at t1 in the datalist", millimetres(case.diameter_t1_mm)),
            ("Growth by the datalist's diameters", growth(case)),
        ]
    return rows


def _cell(one: Measurement | None, words: Callable[[Measurement], str]) -> str:
    return NOT_MEASURED if one is None else words(one)


def type_words(one: Measurement) -> str:
    """Return solid, part-solid or ground glass with the density that decides it: the core's, without the rim.

    The rim's voxels hold lung as well; a solid nodule's mean over all of it can be that of ground glass.
    """
    return f"{one.attenuation}, core {hounsfield(one.density.core_hu)}"


def _axes(one: Measurement) -> str:
    return f"{one.long_axis_mm:.1f} x {millimetres(one.short_axis_mm)}"


def _interval(case: Case) -> str:
    if case.interval_days is None:
        return "not known"
    text = days(case.interval_days)
    if case.date_t0 is not None and case.date_t1 is not None:
        between = (case.date_t1 - case.date_t0).days
        if between != round(case.interval_days):
            text += f"; the dates, {days(between)} apart, may have been shifted to hide the patient"
    return text
