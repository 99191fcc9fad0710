"""The tables of docs/measuring.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.studies.measuring.cells import extent, number, percent
from csfnet_bundle.studies.measuring.combining import combining_markdown
from csfnet_bundle.studies.measuring.drawn_nodules import GROWTH_PART, RETEST_PART
from csfnet_bundle.studies.measuring.evaluating import TAKEN
from csfnet_bundle.studies.measuring.summary import GROWTH, METHODS
from csfnet_bundle.studies.measuring.targets import targets_markdown

Document = Mapping[str, Any]

TABLE_NAMES = (
    "measuring_network",
    "measuring_targets",
    "measuring_readers",
    "measuring_combining",
    "measuring_series",
    "measuring_followups",
    "measuring_drawn",
    "measuring_flags",
)
"""Names of the places on the page."""
AGREEMENT = ("Dice, median", "Dice < .5", "V / true", "within 25 %", "> 2 x", "< .5 x", "r of diameters")


def measuring_tables(document: Document) -> dict[str, str]:
    """Return every table of the page by its name."""
    makers = (_network, targets_markdown, _readers, combining_markdown, _series, _followups, _drawn, _flags)
    return {name: make(document) for name, make in zip(TABLE_NAMES, makers, strict=True)}


def _network(document: Document) -> str:
    known, folds = document["network"], document["folds"]
    run, crop = known["run"], known["settings"]
    arithmetic = ", bfloat16" if run.get("bfloat16") else ""
    return (
        f"models/measure.ts: {run['steps']:,} steps of {crop['batch']} crops{arithmetic}, {known['seconds'] / 60:.0f} "
        f"minutes on one busy core, {_trained_on(known, folds)}. Beside them {known['drawn_nodules']} drawn nodules. "
        f"SHA-256 `{known['sha256'][:12]}`, {known['bytes'] / 1e6:.2f} MB."
    )


def _trained_on(known: Mapping[str, Any], folds: Mapping[str, Mapping[str, Any]]) -> str:
    volumes = f"{known['volumes']} volumes of {known['patients']} patients"
    if not folds:
        return (
            f"on {volumes}; the {known['held_out_patients']} patients of fold {known['held_out_fold']} were held out, "
            "and the figures below on readers' outlines are theirs alone"
        )
    lacking = ", ".join(str(one["held_out_patients"]) for one in folds.values())
    return (
        f"on all {volumes}; {len(folds)} networks of the same settings each lack a fold of the patients ({lacking}), "
        "and the figures below on patients are of the network that has not seen them"
    )


def _readers(document: Document) -> str:
    figures = document["summary"]["readers"]
    parts = []
    for group, title in (
        ("all", "All"),
        ("solid", "Texture rated 4 or 5 (solid)"),
        ("subsolid", "Texture rated 1 to 3 (subsolid)"),
        ("unflagged", "Without a flag (that of a nodule at the end of its box left aside)"),
    ):
        chosen = figures[group]
        if not chosen["volumes"]:
            continue
        rows = [(name, *agreement_cells(chosen["methods"][name])) for name in METHODS]
        parts.append(f"{title}: {chosen['volumes']} volumes.\n\n{markdown_table(('method', *AGREEMENT), rows)}")
    return "\n".join(parts)


def agreement_cells(row: Mapping[str, float]) -> list[str]:
    """Return the cells of :data:`AGREEMENT`."""
    keys = ("dice_median", "dice_low", "ratio_median", "within_25", "over_2", "under_half", "r_diameter")
    digits = {"dice_median": 2, "ratio_median": 2, "r_diameter": 3}
    return [number(row.get(key), digits[key]) if key in digits else percent(row.get(key)) for key in keys]


def _series(document: Document) -> str:
    rows = []
    for row in document["summary"]["series"]:
        volumes = row["volumes_mm3"]
        cells = [number(volumes.get(name), 0) for name in METHODS]
        true = row["consensus_mm3"]
        ratio = UNDEFINED if true is None or TAKEN not in volumes else f"{volumes[TAKEN] / true:.2f}"
        flags = row.get("refused") or ", ".join(row["flags"]) or "none"
        rows.append((row["name"], row["readers"], number(true, 0), *cells, ratio, flags))
    return markdown_table(("nodule", "readers", "consensus, mm3", *METHODS, "measure / consensus", "flags"), rows)


def _followups(document: Document) -> str:
    figures = document["summary"]["followups"]
    names = (*METHODS, GROWTH)
    rows = [(ratio, *(extent(methods.get(name, ())) for name in names)) for ratio, methods in figures["ratios"].items()]
    table = markdown_table(("true ratio", *names), rows)
    return (
        f"{table}\nThe limits of error (same scanner) hold the true ratio in {figures['limits_hold']} of "
        f"{figures['limits_of']} follow-ups.\n"
    )


def _drawn(document: Document) -> str:
    figures = document["summary"]["drawn"]
    head = (
        "type",
        "nodules",
        *(f"{name}: V / true" for name in METHODS),
        *(f"{name}: within 25 %" for name in METHODS),
    )
    rows = []
    for kind, row in figures["types"].items():
        if kind != "beside":
            cells = [number(row["methods"][name]["ratio_median"], 2) for name in METHODS]
            rows.append(
                (kind, row["nodules"], *cells, *(percent(row["methods"][name]["within_25"]) for name in METHODS))
            )
    parts = [markdown_table(head, rows)]
    beside = figures["types"]["beside"]
    parts.append(
        "Within 25 % by what is beside the nodule, all types:\n\n"
        + markdown_table(
            ("beside", *METHODS),
            [(name, *(percent(row[m]["within_25"]) for m in METHODS)) for name, row in beside.items()],
        )
    )
    clicks = [
        (f"{distance} mm", row["nodules"], *(percent(row["off"][name]) for name in METHODS),
         f"{row['unflagged_off']} of {row['unflagged']}")
        for distance, row in figures["clicks"].items()
    ]  # fmt: skip
    parts.append(
        "Solid nodules clicked beside the centre: share of volumes more than 25 % off those of the central click:\n\n"
        + markdown_table(("click off by", "nodules", *METHODS, "measure, unflagged"), clicks)
    )
    repeated = [
        (title, kind, row[kind][TAKEN]["nodules"], *(number(row[kind][name]["deviation"], 3) for name in METHODS))
        for title, row in (("scanned again", figures["retest"]), ("grown 1.5 times, scanned again", figures["growth"]))
        for kind in ("solid", "part-solid")
    ]
    parts.append(
        "Standard deviation of ln(V1 / V0) about the truth, nodules of 5 mm and more:\n\n"
        + markdown_table(("", "type", "nodules", *METHODS), repeated)
    )
    held = "; ".join(
        f"{kind}, {words} {inside} of {count}"
        for part, words in ((RETEST_PART, "scanned again"), (GROWTH_PART, "grown"))
        for kind, (inside, count) in figures["limits"][part].items()
    )
    parts.append(f"The limits of error of growth (same scanner) hold the truth: {held}.\n")
    return "\n".join(parts)


def _flags(document: Document) -> str:
    figures = document["summary"]["readers"]
    counts = figures["flags"]
    total = figures["all"]["volumes"]
    return markdown_table(
        ("flag", f"of {total} volumes"),
        [(code, f"{count} ({percent(count / total)})") for code, count in counts.items()],
    )
