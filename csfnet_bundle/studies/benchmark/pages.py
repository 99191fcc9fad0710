"""The results of a benchmark as Markdown: one short table of findings, and all tables for the appendix.

docs/benchmark.md has the first, docs/benchmark_tables.md and the benchmark's own folder the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from csfnet_bundle.evaluation.markdown import UNDEFINED, comparison_markdown, markdown_table
from csfnet_bundle.networks import SYSTEMS
from csfnet_bundle.studies.benchmark.common_results import aims

HASH_DIGITS = 12  # of a file's SHA-256: enough to know it again


def findings_markdown(document: Mapping[str, Any]) -> str:
    """Return one table of every system, its area and its difference to the reference system."""
    reference = document["reference"]
    rows = [
        [
            name,
            _KINDS[document["kinds"][name]],
            _interval(row, "auc", "auc_bootstrap"),
            _difference(row),
            _p_value(row["p_holm"]),
        ]
        for name, row in sorted(document["systems"].items(), key=lambda item: _ORDER[document["kinds"][item[0]]])
    ]
    head = ["system", "kind", "AUC (95 % over patients)", f"{reference} - system (95 %)", "p, Holm"]
    return f"{headline(document)}\n\n{markdown_table(head, rows)}"


_ORDER = {"bound": 0, "network": 1, "reference": 2}
_KINDS = {"bound": "best possible", "network": "network", "reference": "no network"}


def benchmark_markdown(document: Mapping[str, Any]) -> str:
    """Return all tables of a results.json, below the line that says what was measured and how."""
    parts = [f"{headline(document)}\n", *_systems(document), *_failed(document), _seeds(document)]
    parts += _starts(document) + pre_training_markdown(document)
    parts += [
        f"What {name} had learnt, as areas with an input changed at evaluation (original - changed).\n\n"
        f"{comparison_markdown(_frame(table, f'{name}, input'))}"
        for name, table in document["learnt"].items()
    ]
    parts += _permuted(document) + _subgroups(document) + _external(document) + _common(document)
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
            parts.append(f"{title}\n\n{comparison_markdown(_frame(rows, 'system'))}")
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
    return [f"By the paired intervals of the difference in AUC, **{document['reference']}** {'; it '.join(told)}.\n"]


def headline(document: Mapping[str, Any]) -> str:
    """Return the sentence above the tables: data, folds, seeds, width, ROI, hours, device."""
    data, protocol = document["data"], document["protocol"]
    size = "x".join(f"{number:g}" for number in protocol["roi"]["size"])
    spacing = "x".join(f"{number:g}" for number in protocol["roi"]["spacing"])
    folds = "one split" if protocol["folds"] == 1 else f"{protocol['folds']} folds by patient"
    kind = "**Phantoms, not patients**" if data["phantom"] else "Patients"
    reads = "" if protocol["reads"] else ", without the radiologists' reads"
    return (
        f"{kind}: {data['name']}, {data['pairs']} pairs of {data['patients']} patients, {data['malignant']} malignant; "
        f"{folds}, {protocol['seeds']} seed(s) averaged, width {protocol['width']:g}, ROI {size} at {spacing} mm"
        f"{reads}; {protocol['epochs']} epochs, epoch and threshold from validation; {protocol['fits']} fits, "
        f"{protocol['hours']:.2f} hours on {', '.join(protocol['device'])}. Made by `{document['command']}`."
    )


def _frame(plain: Mapping[str, Any], name: str) -> pd.DataFrame:
    return pd.DataFrame.from_dict(dict(plain), orient="index").astype(float).rename_axis(name)


def _seeds(document: Mapping[str, Any]) -> str:
    parameters = document["protocol"]["parameters"]
    rows = [
        [
            name,
            SYSTEMS[name].network.__name__,
            f"{parameters[name]:,}",
            ", ".join(f"{area:.3f}" for area in seeds["auc"]),
            _number(seeds["standard_deviation"]),
            _number(seeds["mean_spread_of_probability"]),
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


def _failed(document: Mapping[str, Any]) -> list[str]:
    rows = [[name, why] for name, why in document.get("failed", {}).items()]
    if not rows:
        return []
    text = "Fits that failed. Their seed is left out of the average; a system without a whole seed is in no table."
    return [f"{text}\n\n{markdown_table(['fit', 'why'], rows)}"]


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


def pre_training_markdown(document: Mapping[str, Any]) -> list[str]:
    """Return what the pre-training changes: each system beside the same one from random weights; perhaps nothing."""
    rows = [
        [
            f"{name} - {row['without']}",
            _difference(row),
            _number(row["p_delong"]),
            _helps(row["difference_lower"], row["difference_upper"]),
        ]
        for name, row in document.get("pre_training", {}).items()
    ]
    if not rows:
        return []
    head = ["systems", "difference of AUC (95 % over patients)", "p DeLong", "that pre-training helps"]
    return [f"What the pre-training changes, on the same patients.\n\n{markdown_table(head, rows)}"]


def _difference(row: Mapping[str, Any]) -> str:
    if row["difference"] is None:
        return UNDEFINED
    if row["difference_lower"] is None or row["difference_upper"] is None:
        return f"{row['difference']:+.3f}"
    return f"{row['difference']:+.3f} ({row['difference_lower']:+.3f} to {row['difference_upper']:+.3f})"


def _helps(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return "not shown"
    return "it helps" if lower > 0 else "it harms" if upper < 0 else "not shown"


def _permuted(document: Mapping[str, Any]) -> list[str]:
    permuted = document["permuted_labels"]
    if permuted is None:
        return []
    verdict = {True: "covers 0.5", False: "DOES NOT cover 0.5", None: "one run has no standard error"}
    text = (
        f"Labels permuted, {permuted['system']} trained on them {len(permuted['auc'])} times: areas "
        f"{', '.join(f'{area:.3f}' for area in permuted['auc'])}, mean {permuted['mean']:.3f}, standard error "
        f"{_number(permuted['standard_error'])}; mean ± 3 SE {verdict[permuted['covers_half']]}. This "
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
            *(_interval(row, name) for name in ("auc", "recall", "specificity", "brier_score")),
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
    return [f"{text}\n\n{comparison_markdown(_frame(external['systems'], 'system'))}"]


def _common(document: Mapping[str, Any]) -> list[str]:
    common = document.get("common_test")
    if common is None:
        return []
    return [
        f"{common_sentence(common)}\n\n{comparison_markdown(_frame(common['systems'], 'system'))}",
        *_aims(document),
    ]


def common_findings_markdown(document: Mapping[str, Any]) -> str:
    """Return one table of every system on the common test set, its seeds, and what the set was asked for."""
    reference, common = document["reference"], document["common_test"]
    rows = [
        [
            name,
            _KINDS[document["kinds"][name]],
            _interval(row, "auc", "auc_bootstrap"),
            ", ".join(f"{area:.3f}" for area in common["seeds"].get(name, ())) or UNDEFINED,
            _difference(row),
            _p_value(row["p_holm"]),
            _difference(common["permuted"][name]) if name in common["permuted"] else UNDEFINED,
        ]
        for name, row in sorted(common["systems"].items(), key=lambda item: _ORDER[document["kinds"][item[0]]])
    ]
    head = ["system", "kind", "AUC (95 %)", "each seed", f"{reference} - system (95 %)", "p, Holm"]
    head.append("lost by permuted clinical values (95 %)")
    parts = [headline(document), common_sentence(common), markdown_table(head, rows), *_failed(document)]
    return "\n\n".join(part.rstrip("\n") for part in [*parts, *_aims(document)])


def common_sentence(common: Mapping[str, Any]) -> str:
    """Return the sentence above a table of the common test set."""
    widths = common["separates"].values()
    separated = f" It separates a difference of {min(widths):.3f} to {max(widths):.3f} from zero." if widths else ""
    return (
        f"The common test set: {common['pairs']} phantom pairs of seed {common['seed']}, {common['malignant']} "
        f"malignant, scored by every fit, folds and seeds averaged.{separated} Clinical values are permuted over its "
        f"first {common['permuted_pairs']} pairs."
    )


def _aims(document: Mapping[str, Any]) -> list[str]:
    found = aims(document["common_test"], document["reference"])
    rows = [[name, asked, f"{value:.3f}", "yes" if reached else "**no**"] for name, asked, value, reached in found]
    return [markdown_table(["aim", "asked for", "measured", "reached"], rows)] if rows else []


def _interval(row: Mapping[str, Any], name: str, limits: str = "") -> str:
    value, lower, upper = row[name], row[f"{limits or name}_lower"], row[f"{limits or name}_upper"]
    if value is None or lower is None or upper is None:
        return _number(value)
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def _p_value(value: float | None) -> str:
    return UNDEFINED if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
