"""The results of an evaluation for people: metrics.md beside metrics.json, every figure beside its chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.evaluation.markdown import UNDEFINED, markdown_table

NOT_JUDGED = "not judged"
"""Key of a task's result that says why the data do not allow it."""
UNTRAINED = "untrained"
"""Key of a probe's result: the same probe on a random encoder."""
LOSSES = {
    "global": "loss, global",
    "local": "loss, local",
    "forward_mapping": "loss, forward mapping",
    "reverse_mapping": "loss, reverse mapping",
}
BINARY_CHANCE = 0.5
HEAD = ("read-out", "measure", "value", "chance", "rows")
PROBE_HEAD = ("probe", "measure", "value", "random encoder", "chance", "rows")

Row = list[object]


def evaluation_markdown(document: Mapping[str, Any]) -> str:
    """Return the read-outs beside their chance, then the probes beside a random encoder's.

    Args:
        document: metrics.json of ``configs/medst_evaluate.json``.
    """
    origin = document["pretraining"]
    judged = document["data"]["name"] + f", {document['section']} patients" if document["data"] else "tables"
    shown = [origin, document["data"] or {}, *document["tables"].values()]
    tasks: Mapping[str, Mapping[str, Any]] = document["tasks"]
    probes = {name: result for name, result in tasks.items() if UNTRAINED in result}
    rows = [
        *_losses(document.get("held_out", {})),
        *(row for name, result in tasks.items() if name not in probes for row in _read_outs(name, result)),
        *_pointing(document.get("interpretation", {})),
    ]
    lines = [
        f"{document['checkpoint']}, trained on {origin.get('trained_on', 'unknown')}, judged on {judged}."
        + (" **Phantoms, not patients.**" if any(one.get("phantom") for one in shown) else ""),
        "",
        markdown_table(HEAD, rows),
    ]
    if probes:
        lines.append(markdown_table(PROBE_HEAD, [_probe(name, result) for name, result in probes.items()]))
    lines += [f"{name}: {NOT_JUDGED}, {why}" for name, why in _not_judged(document).items()]
    return "\n".join(lines)


def _losses(held_out: Mapping[str, Any]) -> list[Row]:
    losses = held_out.get("losses", {})
    studies = held_out.get("batches", 0) * held_out.get("studies_a_batch", 0)
    return [
        [words, "lower is better", _number(losses[name]["value"]), _number(losses[name]["chance"]), studies]
        for name, words in LOSSES.items()
        if name in losses
    ]


def _read_outs(name: str, result: Mapping[str, Any]) -> list[Row]:
    if NOT_JUDGED in result:
        return []
    rows = result.get("rows", UNDEFINED)
    if "median_rank" in result:
        found = [[name, "median rank, lower is better", _number(result["median_rank"]), _number(BINARY_CHANCE), rows]]
        if result["right_of_patient"] is not None:
            right, chance = (_number(result[key]) for key in ("right_of_patient", "chance_right_of_patient"))
            found.append([name, "the right one of the patient's studies", right, chance, rows])
        return found
    measure, value, chance = _measured(result)
    return [[name, measure, value, chance, rows]]


def _probe(name: str, result: Mapping[str, Any]) -> Row:
    measure, value, chance = _measured(result)
    return [name, measure, value, _measured(result[UNTRAINED])[1], chance, result.get("rows", UNDEFINED)]


def _measured(result: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a result is judged by, its value and its chance."""
    if "auroc" in result:
        return "AUROC", _number(result["auroc"]), _number(BINARY_CHANCE)
    told = result.get("balanced_accuracy"), result.get("chance_balanced_accuracy", BINARY_CHANCE)
    return "balanced accuracy", _number(told[0]), _number(told[1])


def _pointing(found: Mapping[str, Any]) -> list[Row]:
    if "pointing_game" not in found:
        return []
    words, studies = "words about the nodule", found["studies"]
    told = _number(found["pointing_game"]), _number(found["pointing_chance"])
    return [
        [words, "pointing game", *told, studies],
        [words, "contrast to noise", _number(found["contrast_to_noise"]), _number(0), studies],
    ]


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def _not_judged(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: result[NOT_JUDGED] for name, result in document["tasks"].items() if NOT_JUDGED in result}
