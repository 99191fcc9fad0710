"""The cohort report: flow of exclusions, who is in the cohort by label, what the ROI truncates, a montage of ROIs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles

from csfnet_bundle.cohorts.nlst.document import Picture, Section, Table
from csfnet_bundle.cohorts.nlst.flow import Flow
from csfnet_bundle.cohorts.nlst.plan import Plan
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.records import CLINICAL_VARIABLES, Datalist, FollowUpPair

LISTED = 20
"""Records of one reason that the report lists; flow.json has all."""
MOST_LEVELS = 8
"""Levels of one stratum that get a row of their own."""
GROUPS = ("all", "malignant", "benign")


def flow_section(flow: Flow) -> Section:
    """Return the flow table."""
    rows = tuple(
        (f"left out: {step.what}" if step.left_out else step.what, f"{step.count:,}", step.unit, f"{step.patients:,}")
        for step in flow.steps
    )
    return Section("Flow", table=Table(("step", "number", "unit", "patients"), rows))


def left_out_sections(flow: Flow) -> list[Section]:
    """Return the records behind each step that names any."""
    sections = []
    for step in flow.steps:
        if step.records:
            more = len(step.records) - LISTED
            items = step.records[:LISTED] + ((f"and {more} more, in flow.json",) if more > 0 else ())
            kind = "Left out" if step.left_out else "Noticed"
            sections.append(Section(f"{kind}: {step.what}", items=items))
    return sections


def plan_section(plan: Plan) -> Section:
    """Return what the cohort needs from the Imaging Data Commons."""
    return Section("Images", items=tuple(" ".join(line.split()) for line in plan.lines()))


def split_section(datalist: Datalist) -> Section:
    """Return the lists with their patients, pairs and labels."""
    rows = []
    for name, pairs in datalist.sections.items():
        if pairs:
            malignant = sum(pair.label == 1 for pair in pairs)
            patients = len({pair.subject for pair in pairs})
            rows.append((name, f"{patients:,}", f"{len(pairs):,}", f"{malignant:,}", f"{len(pairs) - malignant:,}"))
    return Section("Lists", table=Table(("list", "patients", "pairs", "malignant", "benign"), tuple(rows)))


def pairs_section(pairs: Sequence[FollowUpPair]) -> Section:
    """Return who is in the cohort, by label."""
    groups = [list(pairs), [pair for pair in pairs if pair.label == 1], [pair for pair in pairs if pair.label == 0]]
    rows: list[tuple[str, ...]] = [
        ("pairs", *(f"{len(group):,}" for group in groups)),
        ("patients", *(f"{len({pair.subject for pair in group}):,}" for group in groups)),
    ]
    measured: tuple[tuple[str, Callable[[FollowUpPair], object]], ...] = (
        ("age, years", lambda pair: pair.clinical.get("age")),
        ("diameter at t0, mm", lambda pair: pair.strata.get("diameter_t0_mm")),
        ("diameter at t1, mm", lambda pair: pair.strata.get("diameter_t1_mm")),
        ("interval, days", lambda pair: pair.interval_days),
    )
    for name, value in measured:
        rows.append((f"{name}: median (quartiles), n", *(_quartiles(map(value, group)) for group in groups)))
    for stratum in ("sex", "smoking", "screens", "maker", "scanner", "kernel", "same_kernel", "slice_mm"):
        rows += _levels(stratum, groups)
    for variable in CLINICAL_VARIABLES:
        known = [sum(pair.clinical.get(variable) is not None for pair in group) for group in groups]
        rows.append((f"{variable} known", *(_share(n, len(group)) for n, group in zip(known, groups, strict=True))))
    return Section("Pairs by label", table=Table(("", *GROUPS), tuple(rows)))


def truncation_section(pairs: Sequence[FollowUpPair], settings: RoiSettings) -> Section:
    """Return how many nodules the ROI cuts, judged by their longest diameter on the axial slice."""
    depth, height, width = (size * mm for size, mm in zip(settings.size, settings.spacing, strict=True))
    diameters = [float(str(value)) for pair in pairs if (value := pair.strata.get("diameter_t1_mm")) is not None]
    rows = (
        (
            f"wider than {min(height, width):g} mm",
            _share(sum(d > min(height, width) for d in diameters), len(diameters)),
        ),
        (f"taller than {depth:g} mm, if as tall as wide", _share(sum(d > depth for d in diameters), len(diameters))),
    )
    return Section(
        "Nodules that the ROI truncates",
        f"ROI of {depth:g} x {height:g} x {width:g} mm (depth, height, width); {len(diameters):,} pairs have a "
        "diameter at t1. What is cut is the nodule's rim, equally at both scans.",
        Table(("nodule", "pairs"), rows),
    )


def montage_section(picture: Picture) -> Section:
    """Return the montage."""
    return Section("ROIs", picture=picture)


def _quartiles(values: Iterable[object]) -> str:
    numbers = [float(str(value)) for value in values if value is not None]
    if len(numbers) < 2:
        return "–"
    first, _, third = quantiles(numbers, n=4, method="inclusive")
    return f"{median(numbers):g} ({first:g}–{third:g}), {len(numbers):,}"


def _levels(stratum: str, groups: Sequence[Sequence[FollowUpPair]]) -> list[tuple[str, ...]]:
    counts = [Counter(str(pair.strata[stratum]) for pair in group if stratum in pair.strata) for group in groups]
    ordered = [level for level, _ in counts[0].most_common()]
    rows = [
        (f"{stratum}: {level}", *(_share(count[level], count.total()) for count in counts))
        for level in ordered[:MOST_LEVELS]
    ]
    if others := ordered[MOST_LEVELS:]:
        sums = [sum(count[level] for level in others) for count in counts]
        shares = (_share(number, count.total()) for number, count in zip(sums, counts, strict=True))
        rows.append((f"{stratum}: {len(others)} others", *shares))
    return rows


def _share(number: int, total: int) -> str:
    return f"{number:,} ({100 * number / total:.0f} %)" if total else "–"
