"""The study as Markdown, for docs/medst.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from csfnet_bundle.evaluation.bootstrap import CONFIDENCE
from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table
from csfnet_bundle.studies.medst.results import COMPARED
from csfnet_bundle.studies.medst.variants import DEFAULT, OTHER_SEEDS, read_variants
from csfnet_bundle.training.workflow import EPOCHS

CANNOT_JUDGE = (
    "**This study can judge nothing**: its positive control, the texts of other patients, was not noticed (worse "
    "retrieval and zero-shot classification in each of two seeds or more)."
)
"""What page and command say first of a study that does not notice its control."""

LOSSES = {
    "loss_global": "global",
    "loss_local": "local",
    "loss_forward": "forward mapping",
    "loss_reverse": "reverse mapping",
}
TASKS = {
    "retrieval_rank": "retrieval rank (lower is better)",
    "right_of_patient": "right of the patient's studies",
    "zero_shot_ground_glass": "zero-shot ground glass, AUROC",
    "zero_shot_spiculated": "zero-shot spiculated, AUROC",
    "temporal_sentence": "change sentences, AUROC",
}
PROBES = {
    "temporal_image": "change, balanced accuracy",
    "change_untrained": "random encoder",
    "probe_malignancy": "malignancy, AUROC",
    "malignancy_untrained": "random encoder",
    "probe_spiculated": "spiculated, AUROC",
    "spiculated_untrained": "random encoder",
    "probe_ground_glass": "ground glass, AUROC",
    "ground_glass_untrained": "random encoder",
}
ATTENTION = {
    "pointing_game": "pointing game",
    "pointing_chance": "its chance",
    "pointing_gain": "above chance",
    "contrast_to_noise": "contrast to noise",
}
WORDS = {**TASKS, **PROBES, **ATTENTION, "pointing_gain": "pointing game above chance"}
"""What variants are compared by, in the list of answers."""
SIMILARITY = {
    "cosine_before": "cosine before",
    "cosine_after": "after",
    "cka_before": "CKA before",
    "cka_after": "after",
    "mutual_information_before": "mutual information before",
    "mutual_information_after": "after",
}
Row = Mapping[str, Any]


def study_markdown(document: Row) -> str:
    """Return the tables of a study and what its intervals allow to say.

    Args:
        document: results.json of ``medst-study``.
    """
    rows = document["variants"]
    data = "**phantoms**" if document["cohort"]["phantom"] else document["cohort"]["name"]
    epochs = document["overrides"].get(EPOCHS, "the config's")
    asked = [(name, variant) for name, variant in read_variants().items() if variant.question and variant.main]
    lines = [
        *([] if document["control_noticed"] else [CANNOT_JUDGE, ""]),
        f"Measured on {data} (datalist `{document['cohort']['datalist_sha256'][:12]}`), tiny size, {epochs} epochs. "
        f"{_seeds(rows)} Means, with 95 % intervals over seeds (Student's t) for the main variants: they hold for this "
        f"split, not for other subjects. Made by `{document['command']}`.",
        "",
        _table(rows, TASKS, "metrics"),
        f"Chance: retrieval rank .5 (lower is better), right of the patient's studies {_chance(rows)}, areas .5.",
        "",
        "Losses on held-out patients, each beside that of a network that says the same of everything.",
        "",
        _losses(rows),
        f"Differences to the default{_other_references(rows)}, paired by seed; **bold** where the interval leaves zero "
        "out (each at 95 %, not corrected for their number).",
        "",
        _table({name: row for name, row in rows.items() if name != DEFAULT}, TASKS, "difference"),
        "What the words about the nodule attend to, the nodule put up to 12 mm beside the middle of the field; and how "
        "alike the first two views are before and after MoVE (mutual information in nats).",
        "",
        _table(rows, ATTENTION, "metrics"),
        _table({name: row for name, row in rows.items() if _mean(row, "cka_after") is not None}, SIMILARITY, "metrics"),
        "Linear probes on the frozen encoder, fitted in folds by patient, each beside a random encoder of that shape: "
        "one draw for all seeds, so its column has no spread over them.",
        "",
        _table(rows, PROBES, "metrics"),
        _caution(rows),
        "",
        *(_answer(name, known.question, rows[name]) for name, known in asked if name in rows),
    ]
    return "\n".join(lines)


def _seeds(rows: Mapping[str, Row]) -> str:
    """Say how many seeds were run of what, and what was not run at all."""
    by_count: dict[int, list[str]] = {}
    for name, row in rows.items():
        by_count.setdefault(len(row["seeds"]), []).append(f"`{name}`")
    told = "; ".join(f"{count} of {', '.join(names)}" for count, names in sorted(by_count.items(), reverse=True))
    missing = [f"`{name}`" for name in read_variants() if name not in rows]
    return f"Seeds: {told}." + (f" Not run: {', '.join(missing)}." if missing else "")


def _other_references(rows: Mapping[str, Row]) -> str:
    """Say which variants are compared with another one than the default, in brackets; blank where none is."""
    names: dict[str, list[str]] = {}
    for name, row in rows.items():
        if row["compared_with"] != DEFAULT:
            names.setdefault(row["compared_with"], []).append(f"`{name}`")
    told = [f"of {_listed(ones)} to `{reference}`" for reference, ones in names.items()]
    return f" ({'; '.join(told)})" if told else ""


def _losses(rows: Mapping[str, Row]) -> str:
    chance = next(iter(rows.values()))["metrics"]
    head = ["variant", *(f"{words} (chance {_plain(chance[f'{name}_chance'])})" for name, words in LOSSES.items())]
    cells = [[f"`{variant}`", *(_plain(row["metrics"][name]) for name in LOSSES)] for variant, row in rows.items()]
    return markdown_table(head, cells)


def _plain(summary: Row) -> str:
    return UNDEFINED if summary["mean"] is None else f"{summary['mean']:.3f}"


def _table(rows: Mapping[str, Row], columns: Mapping[str, str], part: str) -> str:
    head = ["variant", "seeds", *columns.values()]
    cells = [
        [f"`{name}`", len(row["seeds"]), *(_cell(row[part][metric], part) for metric in columns)]
        for name, row in rows.items()
    ]
    return markdown_table(head, cells)


def _cell(summary: Row, part: str) -> str:
    if summary["mean"] is None:
        return UNDEFINED
    signed = "+" if part == "difference" else ""
    text = f"{summary['mean']:{signed}.3f}"
    if not _has_interval(summary):
        return text
    text += f" ({summary['lower']:{signed}.3f} to {summary['upper']:{signed}.3f})"
    return f"**{text}**" if part == "difference" and _differs(summary) else text


def _has_interval(summary: Row) -> bool:
    return summary["lower"] is not None and summary["seeds"] > OTHER_SEEDS


def _differs(summary: Row) -> bool:
    return _has_interval(summary) and (summary["lower"] > 0 or summary["upper"] < 0)


def _survives(summary: Row) -> bool:
    return summary["p_holm"] is not None and summary["p_holm"] < 1 - CONFIDENCE


def _caution(rows: Mapping[str, Row]) -> str:
    """Say how many differences there are, and how many of them chance alone would let leave zero out."""
    tested = [row["difference"][metric] for row in rows.values() for metric in COMPARED]
    tested = [one for one in tested if one["p"] is not None and _has_interval(one)]
    if not tested:
        return f"No variant has more than {OTHER_SEEDS} seeds, so nothing is tested and no verdict is given."
    return (
        f"What these intervals allow to say. There are {len(tested)} differences: were there no effect at all, "
        f"{len(tested) * (1 - CONFIDENCE):.0f} of them would leave zero out; {sum(map(_differs, tested))} do. "
        r"Those marked \* hold after Holm's correction for all of them."
    )


def _chance(rows: Mapping[str, Row]) -> str:
    """Return by chance how often a study finds its own text among its patient's, who may have any number of studies."""
    measured = [row["metrics"].get("right_of_patient_chance", {}).get("mean") for row in rows.values()]
    known = [one for one in measured if one is not None]
    return f"{min(known):.2f}" if known else "one of their number"


def _mean(row: Row, metric: str) -> float | None:
    mean: float | None = row["metrics"][metric]["mean"]
    return mean


def _answer(name: str, question: str, row: Row) -> str:
    """Say which results are surely higher or lower than what they are compared with, or that none is, or why not."""
    reference = "the default" if row["compared_with"] == DEFAULT else f"`{row['compared_with']}`"
    differences = {metric: row["difference"][metric] for metric in COMPARED}
    if not any(map(_has_interval, differences.values())):
        return f"- {question} `{name}`: too few seeds for a verdict."
    found: dict[str, list[str]] = {"higher": [], "lower": []}
    for metric, difference in differences.items():
        if _differs(difference):
            mark = "\\*" if _survives(difference) else ""
            found["higher" if difference["mean"] > 0 else "lower"].append(WORDS[metric].split(",")[0] + mark)
    told = [f"{way} than {reference} in {_listed(words)}" for way, words in found.items() if words]
    verdict = "; ".join(told) if told else f"no difference to {reference} that these seeds can show"
    return f"- {question} `{name}`: {verdict}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
