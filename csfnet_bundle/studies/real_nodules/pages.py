"""The study's results as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.studies.real_nodules.judging import BANDS_MM, DIAMETER, TEXTURES
from csfnet_bundle.studies.real_nodules.study import CROPPED_ROW, SEED_OF

SMALLEST_SHOWN = 0.0005
"""What three decimals round to zero."""


def real_nodules_markdown(document: Mapping[str, Any]) -> str:
    """Write all tables of a results.json, with what they were measured on and the command that makes them again."""
    cohort, rows = document["cohort"], document["systems"]
    spent = _minutes(document["seconds"])
    lines = [
        f'{cohort["nodules"]} nodules of {cohort["patients"]} patients, {cohort["malignant"]} of them "malignant": '
        f"the readers' opinion, not pathology. {document['folds']} folds by patient; scale and offset of every network "
        f"fitted on the fold's validation patients before pooling. No parameter was fitted on test nodules; "
        "recipes are compared on them. Intervals of 95 % "
        f"take patients as clusters. Made by `{document['command']}` on {document['device']}; processor minutes of the "
        f"fits: {spent}.",
        "",
        _verdict(rows),
        "",
        _main_table(rows),
        "On clear labels alone (benign with a malignancy rating of 1-2, malignant with 4-5):",
        "",
        _clear_table(rows),
        "Area within groups, by the diameter and by the readers' texture:",
        "",
        _group_table(rows),
    ]
    return "\n".join(lines)


def _verdict(rows: Mapping[str, Any]) -> str:
    """Say of every recipe whether its interval excludes zero, and within which groups it stays below the diameter."""
    told, behind = [], []
    for name, row in rows.items():
        if row.get("difference_lower") is None or SEED_OF in name:
            continue
        excludes = row["difference_lower"] > 0 or row["difference_upper"] < 0
        told.append(f"{name} {_difference(row)}, {'excludes' if excludes else 'includes'} zero")
        areas = [
            (group, judged["auc"], rows[DIAMETER][kind][group]["auc"])
            for kind in ("size", "texture")
            for group, judged in row[kind].items()
        ]
        weak = [f"{group} ({area:.3f} against {other:.3f})" for group, area, other in areas if area < other]
        if weak:
            behind.append(f"{name}: {', '.join(weak)}")
    text = f"Area minus that of the {DIAMETER} (95 %), means over seeds: {'; '.join(told)}."
    return f"{text} Below the {DIAMETER} within a group: {'; '.join(behind)}." if behind else text


def _main_table(rows: Mapping[str, Any]) -> str:
    head = ["system", "AUC (95 %)", "mean within folds", f"minus {DIAMETER} (95 %)", CROPPED_ROW]
    return markdown_table(
        head,
        [
            [
                name,
                _interval(row, "auc", "lower", "upper"),
                f"{row['within_folds']:.3f}",
                _difference(row),
                f"{row[CROPPED_ROW]:.3f}" if CROPPED_ROW in row else UNDEFINED,
            ]
            for name, row in rows.items()
        ],
    )


def _clear_table(rows: Mapping[str, Any]) -> str:
    first = next(iter(rows.values()))["clear"]
    head = [
        f"system ({first['nodules']} nodules, {first['malignant']} malignant)",
        "AUC (95 %)",
        f"minus {DIAMETER} (95 %)",
    ]
    return markdown_table(
        head,
        [
            [name, _interval(row["clear"], "auc", "lower", "upper"), _difference(row["clear"])]
            for name, row in rows.items()
        ],
    )


def _group_table(rows: Mapping[str, Any]) -> str:
    first = next(iter(rows.values()))
    groups = [(kind, name) for kind, names in (("size", BANDS_MM), ("texture", TEXTURES)) for name in names]
    groups = [(kind, name) for kind, name in groups if name in first[kind]]
    head = ["system"]
    for kind, name in groups:
        group = first[kind][name]
        head.append(f"{name}: {group['malignant']} of {group['nodules']}")
    return markdown_table(
        head, [[system, *(f"{row[kind][name]['auc']:.3f}" for kind, name in groups)] for system, row in rows.items()]
    )


def _interval(row: Mapping[str, Any], middle: str, lower: str, upper: str) -> str:
    if row[lower] is None:
        return f"{row[middle]:.3f}"
    return f"{row[middle]:.3f} ({row[lower]:.3f} to {row[upper]:.3f})"


def _difference(row: Mapping[str, Any]) -> str:
    if row.get("difference_lower") is None:
        return UNDEFINED
    values = [row[key] for key in ("difference", "difference_lower", "difference_upper")]
    digits = 4 if any(0 < abs(value) < SMALLEST_SHOWN for value in values) else 3  # which side of zero, it must tell
    middle, lower, upper = (f"{value:+.{digits}f}" for value in values)
    return f"{middle} ({lower} to {upper})"


def follow_up_markdown(document: Mapping[str, Any]) -> str:
    """Write the table of the follow-up part: a row for every fold's encoder and for what the part was fitted on.

    Without a measurement on grown nodules its columns are empty.
    """
    folds = document["folds"]
    names = list(folds[0]["areas"])
    rows = [
        [
            fold.get("fold", number),
            fold.get("fitted", UNDEFINED),
            *(f"{area['auc']:.3f} ({area['lower']:.3f} to {area['upper']:.3f})" for area in fold["areas"].values()),
            f"{fold['rank_correlation']:.2f}",
            f"{fold['unchanged']:.2f}",
            *_grown_cells(fold.get("grown")),
        ]
        for number, fold in enumerate(folds)
    ]
    head = [
        "encoder of fold",
        "fitted on",
        *(f"{name}, AUC (95 %)" for name in names),
        "rank correlation with growth",
        "SD of log odds, unchanged",
        "grown real nodules: rank correlation",
        "that of the volume read",
        "their SD of log odds, unchanged",
    ]
    spent = _minutes(document.get("seconds", {}))
    minutes = f" Processor minutes: {spent}." if spent else ""
    return (
        f"**Phantoms, not patients**: {document['training_pairs']} training and {document['test_pairs']} test pairs."
        f"{_grown_choice(document)} Made by `{document['command']}`.{minutes}\n\n{markdown_table(head, rows)}"
    )


def _grown_choice(document: Mapping[str, Any]) -> str:
    """Say how many nodules could be grown, and which could not; nothing where that was not measured."""
    if "grown_pairs" not in document:
        return ""
    kept = f" {document['grown_pairs']} real nodules could be grown."
    if "left_out" not in document:
        return kept
    left_out, ranks = document["left_out"], document["ratio_rank_correlation"]
    median = left_out["median_diameter_mm"]
    size = "" if median is None else f", their median diameter is {median:.0f} mm"
    return (
        f"{kept} {left_out['nodules']} had no room: {left_out['malignant']} of them are malignant by opinion{size}. In "
        "those that could be grown, the rank correlation of the drawn ratio with the diameter is "
        f"{ranks['diameter_mm']:.2f}, with the label {ranks['label']:.2f}."
    )


def _minutes(seconds: Mapping[str, float]) -> str:
    return "; ".join(f"{name}: {spent / 60:.0f}" for name, spent in seconds.items())


def _grown_cells(grown: Mapping[str, Any] | None) -> list[str]:
    if grown is None:
        return [UNDEFINED] * 3
    return [f"{grown[name]:.2f}" for name in ("rank_correlation", "read_volume", "unchanged")]
