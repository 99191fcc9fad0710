"""The results of an evaluation for people: metrics.md beside metrics.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table

NOT_JUDGED = "not judged"
"""Key of a task's result that says why the data do not allow it."""
COLUMNS = {
    "auroc": "AUROC",
    "balanced_accuracy": "balanced accuracy",
    "chance_balanced_accuracy": "its chance",
    "accuracy": "accuracy",
    "majority_accuracy": "of the most frequent class",
}
BINARY_CHANCE = 0.5
READ_OUTS = ("pointing_game", "pointing_chance", "contrast_to_noise")


def evaluation_markdown(document: Mapping[str, Any]) -> str:
    """Return a table of the tasks, and what the words look at where that was read out.

    Args:
        document: metrics.json of ``configs/medst_evaluate.json``.
    """
    origin = document["pretraining"]
    judged = document["data"]["name"] + f", {document['section']} patients" if document["data"] else "tables"
    shown = [origin, document["data"] or {}, *document["tables"].values()]
    lines = [
        f"{document['checkpoint']}, trained on {origin.get('trained_on', 'unknown')}, judged on {judged}."
        + (" **Phantoms, not patients.**" if any(one.get("phantom") for one in shown) else ""),
        "",
        markdown_table(
            ["task", "rows", *COLUMNS.values()], [_row(name, result) for name, result in document["tasks"].items()]
        ),
    ]
    lines += [f"{name}: {NOT_JUDGED}, {why}" for name, why in _not_judged(document).items()]
    found = document.get("interpretation", {})
    if "pointing_game" in found:
        told = ", ".join(f"{name.replace('_', ' ')} {found[name]:.3f}" for name in READ_OUTS)
        lines.append(f"The words about the nodule, in {found['studies']} studies: {told}.\n")
    return "\n".join(lines)


def _row(name: str, result: Mapping[str, Any]) -> list[object]:
    chance = {} if NOT_JUDGED in result or "chance_balanced_accuracy" in result else {
        "chance_balanced_accuracy": BINARY_CHANCE
    }  # fmt: skip
    told = {**chance, **result}
    numbers = [f"{told[key]:.3f}" if key in told else UNDEFINED for key in COLUMNS]
    return [name, result.get("rows", UNDEFINED), *numbers]


def _not_judged(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: result[NOT_JUDGED] for name, result in document["tasks"].items() if NOT_JUDGED in result}
