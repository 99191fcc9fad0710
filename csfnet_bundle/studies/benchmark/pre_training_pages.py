"""What a benchmark says of a pre-training, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.studies.benchmark.cells import difference, number, roi_size, seed_areas

TOLD = "that pre-training helps, as trained"


def pre_training_markdown(document: Mapping[str, Any]) -> list[str]:
    """Return what the pre-training changes: each system beside the same one from random weights; perhaps nothing."""
    rows = [
        [
            f"{name} - {row['without']}",
            difference(row),
            number(row["p_delong"]),
            number(row.get("difference_seed_deviation")),
            _helps(row["difference_lower"], row["difference_upper"]),
        ]
        for name, row in document.get("pre_training", {}).items()
    ]
    if not rows:
        return []
    head = ["systems", "difference of AUC (95 % over patients)", "p DeLong", "SD of difference over seeds"]
    head.append(TOLD)
    found = {row["pairs"] for row in document["pre_training"].values() if "pairs" in row}
    where = f"the same {found.pop()} pairs" if len(found) == 1 else "the same pairs"
    return [f"What the pre-training changes, on {where}.\n\n{markdown_table(head, rows)}"]


def _helps(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return "not shown"
    return "it helps" if lower > 0 else "it harms" if upper < 0 else "not shown"


def labelled_pairs_markdown(documents: Mapping[int, Mapping[str, Any]]) -> str:
    """Return what a pre-training changes by the number of labelled pairs, one benchmark for each.

    Args:
        documents: results of benchmarks on one common test set, by the pairs that they trained on.
    """
    first = next(iter(documents.values()))
    hours = sum(document["protocol"]["hours"] for document in documents.values())
    fits = sum(document["protocol"]["fits"] for document in documents.values())
    common, protocol = first["common_test"], first["protocol"]
    text = (
        f"**Phantoms, not patients**: {common['pairs']} pairs of the common test set, {common['malignant']} malignant; "
        f"{protocol['seeds']} seeds averaged, width {protocol['width']:g}, ROI {roi_size(protocol)}, "
        f"{protocol['epochs']} epochs; {fits} fits, {hours:.2f} hours on {', '.join(protocol['device'])}."
    )
    rows = [
        [
            f"{pairs}",
            f"{name} - {row['without']}",
            f"{number(row['with_auc'])} ({seed_areas(row['with_seeds'])})",
            f"{number(row['auc'])} ({seed_areas(row['without_seeds'])})",
            difference(row),
            number(row.get("difference_seed_deviation")),
            _helps(row["difference_lower"], row["difference_upper"]),
        ]
        for pairs, document in sorted(documents.items())
        for name, row in document["pre_training"].items()
    ]
    head = ["labelled pairs", "systems", "AUC, pre-trained (each seed)", "AUC, from random weights (each seed)"]
    head += ["difference (95 % over pairs)", "SD of difference over seeds", TOLD]
    return f"{text}\n\n{markdown_table(head, rows)}"
