"""The results of a benchmark as Markdown: one short table of findings, and all tables for the appendix.

docs/benchmark.md has the first, docs/benchmark_tables.md and the benchmark's own folder the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, comparison_markdown, markdown_table
from csfnet_bundle.networks import SYSTEMS
from csfnet_bundle.studies.benchmark.cells import (
    failed_markdown,
    finding_rows,
    frame,
    headline,
    interval,
    number,
    seed_areas,
)
from csfnet_bundle.studies.benchmark.common_pages import common_markdown
from csfnet_bundle.studies.benchmark.pre_training_pages import pre_training_markdown

HASH_DIGITS = 12  # of a file's SHA-256: enough to know it again


def findings_markdown(document: Mapping[str, Any]) -> str:
    """Return one table of every system, its area, that of each seed, and its difference to the reference system."""
    reference = document["reference"]
    seeds = {name: row["auc"] for name, row in document["seeds"].items()}
    rows = finding_rows(document, document["systems"], seeds)
    head = ["system", "kind", "AUC (95 % over patients)", "each seed", f"{reference} - system (95 %)", "p, Holm"]
    return f"{headline(document)}\n\n{markdown_table(head, rows)}"


def benchmark_markdown(document: Mapping[str, Any]) -> str:
    """Return all tables of a results.json, below the line that says what was measured and how."""
    parts = [f"{headline(document)}\n", *_systems(document), *failed_markdown(document), _seeds(document)]
    parts += _starts(document) + pre_training_markdown(document)
    parts += [
        f"What {name} had learnt, as areas with an input changed at evaluation (original - changed).\n\n"
        f"{comparison_markdown(frame(table, f'{name}, input'))}"
        for name, table in document["learnt"].items()
    ]
    parts += _permuted(document) + _subgroups(document) + _external(document) + common_markdown(document)
    return "\n".join(parts)


def _systems(document: Mapping[str, Any]) -> list[str]:
    """The networks as the paper's table has them, then what needs none, then what nothing can be better than."""
    titles = {
        "network": "Networks.",
        "reference": "Without a network, on the same splits.",
        "bound": "The best that any classifier can reach with these inputs.",
    }
    parts = []
    for kind, title in titles.items():
        rows = {name: row for name, row in document["systems"].items() if document["kinds"][name] == kind}
        if rows:
            parts.append(f"{title}\n\n{comparison_markdown(frame(rows, 'system'))}")
    parts += _verdict(document)
    parts += [f"Not in the table: {name}, as {reason}.\n" for name, reason in document["left_out"].items()]
    return parts


def _verdict(document: Mapping[str, Any]) -> list[str]:
    """Whether the reference system has earned its place: the paired intervals over patients in words."""
    found: dict[str, list[str]] = {"is better than": [], "cannot be told from": [], "falls behind": []}
    for name, row in document["systems"].items():
        lower, upper = row["difference_lower"], row["difference_upper"]
        if document["kinds"][name] != "reference" or lower is None or upper is None:
            continue
        words = "is better than" if lower > 0 else "falls behind" if upper < 0 else "cannot be told from"
        found[words].append(f"{name} ({row['difference']:+.3f}, {lower:+.3f} to {upper:+.3f})")
    told = [f"{words} {', '.join(names)}" for words, names in found.items() if names]
    if not told:
        return []
    return [
        f"By the paired intervals of the difference in AUC over patients, for the networks as trained, "
        f"**{document['reference']}** {'; it '.join(told)}.\n"
    ]


def _seeds(document: Mapping[str, Any]) -> str:
    parameters = document["protocol"]["parameters"]
    rows = [
        [
            name,
            SYSTEMS[name].network.__name__,
            f"{parameters[name]:,}",
            seed_areas(seeds["auc"]),
            number(seeds["standard_deviation"]),
            number(seeds["mean_spread_of_probability"]),
            _peaks(document["protocol"].get("attention_peaks", {}).get(name)),
        ]
        for name, seeds in document["seeds"].items()
    ]
    head = ["system", "network", "parameters", "AUC of each seed", "their SD", "mean SD of a pair's probability"]
    head.append("max weight x keys, image, clinical")
    text = "Spread between seeds; attention is flat where its largest weight times the number of keys is near 1."
    return f"{text}\n\n{markdown_table(head, rows)}"


def _peaks(peaks: Mapping[str, float] | None) -> str:
    return UNDEFINED if peaks is None else f"{peaks['image']:.2f}, {peaks['clinical']:.2f}"


def _starts(document: Mapping[str, Any]) -> list[str]:
    """What the systems started from that did not start at random."""
    rows = [
        [
            system,
            start["trained_on"],
            f"{start['copied']}",
            f"`{start['sha256'][:HASH_DIGITS]}`",
            ", ".join(f"{name} {value}" for name, value in start["pretraining"].items()) or UNDEFINED,
        ]
        for system, starts in document["protocol"].get("initial_weights", {}).items()
        for start in starts
    ]
    if not rows:
        return []
    head = ["system", "its weights were trained on", "tensors", "file", "pre-training"]
    return [f"Where the networks started that did not start at random.\n\n{markdown_table(head, rows)}"]


def _permuted(document: Mapping[str, Any]) -> list[str]:
    permuted = document["permuted_labels"]
    if permuted is None:
        return []
    verdict = {True: "covers 0.5", False: "DOES NOT cover 0.5", None: "one run has no standard error"}
    text = (
        f"Labels permuted, {permuted['system']} trained on them {len(permuted['auc'])} times: areas "
        f"{', '.join(f'{area:.3f}' for area in permuted['auc'])}, mean {permuted['mean']:.3f}, standard error "
        f"{number(permuted['standard_error'])}; mean ± 3 SE {verdict[permuted['covers_half']]}. This "
        f"would show a leak of the permuted label itself (a column, a cache); a leak of the true label, or of patients "
        f"between sections, is permuted away with it.\n"
    )
    return [text]


def _subgroups(document: Mapping[str, Any]) -> list[str]:
    groups = [row for row in document["subgroups"] if "level" in row]
    if not groups:
        return []
    rows = [
        [
            row["stratum"],
            row["level"],
            row["pairs"],
            row["malignant"],
            *(interval(row, name) for name in ("auc", "recall", "specificity", "brier_score")),
        ]
        for row in groups
    ]
    head = ["stratum", "level", "pairs", "malignant", "AUC (95 %)", "Rec (95 %)", "Spec (95 %)", "Brier (95 %)"]
    return [f"Subgroups, {document['reference']}.\n\n{markdown_table(head, rows)}"]


def _external(document: Mapping[str, Any]) -> list[str]:
    external = document.get("external")
    if external is None:
        return []
    kind = "phantoms" if external["phantom"] else "patients"
    text = f"The trained folds on another cohort, {external['data']} ({kind}): probabilities and thresholds averaged."
    return [f"{text}\n\n{comparison_markdown(frame(external['systems'], 'system'))}"]
