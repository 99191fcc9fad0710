"""What a benchmark says on its common test set, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import norm

from csfnet_bundle.evaluation.markdown import UNDEFINED, comparison_markdown, markdown_table
from csfnet_bundle.studies.benchmark.cells import (
    difference,
    failed_markdown,
    finding_rows,
    frame,
    headline,
)
from csfnet_bundle.studies.benchmark.common_results import aims

POWER_FACTOR = (norm.ppf(0.975) + norm.ppf(0.8)) / norm.ppf(0.975)
"""A true difference of so many half widths of the 95 % interval is told from zero in four of five samples; one of a
single half width only in every second."""


def common_findings_markdown(document: Mapping[str, Any]) -> str:
    """Return one table of every system on the common test set, its seeds, and what the set was asked for."""
    reference, common = document["reference"], document["common_test"]
    permuted = common["permuted"]
    rows = [
        [*row, difference(permuted[row[0]]) if row[0] in permuted else UNDEFINED]
        for row in finding_rows(document, common["systems"], common["seeds"])
    ]
    head = ["system", "kind", "AUC (95 %)", "each seed", f"{reference} - system (95 %)", "p, Holm"]
    head.append("lost by permuted clinical values (95 %)")
    parts = [headline(document), common_sentence(common), markdown_table(head, rows), *failed_markdown(document)]
    return "\n\n".join(part.rstrip("\n") for part in [*parts, *_aims(document)])


def common_markdown(document: Mapping[str, Any]) -> list[str]:
    """Return the whole comparison on the common test set and its aims; nothing where none was asked for."""
    common = document.get("common_test")
    if common is None:
        return []
    return [
        f"{common_sentence(common)}\n\n{comparison_markdown(frame(common['systems'], 'system'))}",
        *_aims(document),
    ]


def common_sentence(common: Mapping[str, Any]) -> str:
    """Return the sentence above a table of the common test set."""
    widths = [POWER_FACTOR * width for name, width in common["separates"].items() if name in common["seeds"]]
    found = (
        f" Between the networks as trained, four of five such sets would tell a difference of {min(widths):.3f} to "
        f"{max(widths):.3f} from zero (80 % power, two-sided 5 %); another training may move an area by more."
        if widths
        else ""
    )
    return (
        f"The common test set: {common['pairs']} phantom pairs of seed {common['seed']}, {common['malignant']} "
        f"malignant, scored by every fit, folds and seeds averaged.{found} Clinical values are permuted over its "
        f"first {common['permuted_pairs']} pairs."
    )


def _aims(document: Mapping[str, Any]) -> list[str]:
    found = aims(document["common_test"], document["reference"])
    rows = [[name, asked, f"{value:.3f}", "yes" if reached else "**no**"] for name, asked, value, reached in found]
    return [markdown_table(["aim", "asked for", "measured", "reached"], rows)] if rows else []
