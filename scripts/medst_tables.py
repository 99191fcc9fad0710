"""Tables of docs/medst.md from the result files of Med-ST's study, trials and pre-trained CSF-Net."""

from __future__ import annotations

from typing import Any

from result_files import load, number, tables_or_command

from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.studies.benchmark.pre_training_pages import labelled_pairs_markdown
from csfnet_bundle.studies.medst.pages import WORDS, study_markdown

LABELLED = (80, 160, 320)
"""Pairs that configs/medst/labelled_*.json train on."""


def medst_study() -> str:
    """Med-ST's switches over seeds."""
    command = "python -m csfnet_bundle medst-study --dataset_dir DIR --out OUT"
    return tables_or_command("medst_study.json", command, study_markdown)


def medst_in_csfnet() -> str:
    """What Med-ST's pre-training changes in CSF-Net, by the number of labelled pairs."""
    documents = {pairs: load(f"medst_labelled_{pairs}.json") for pairs in LABELLED}
    return labelled_pairs_markdown(documents).rstrip("\n")


def medst_trials() -> str:
    """What was tried to make Med-ST's words mean what the pictures show."""
    document = load("medst_trials.json")
    keys = (
        "retrieval_median_rank", "zero_shot_ground_glass", "zero_shot_spiculated", "pointing_game",
        "change_balanced_accuracy",
    )  # fmt: skip
    rows = []
    for trial in document["trials"]:
        found = trial["metrics"] or {}
        steps = f"{trial['steps']}" if trial["metrics"] else f"stopped after {trial['steps']}"
        rows.append((trial["trial"], steps, f"{-trial['validation_score']:.2f}", *(number(found.get(k)) for k in keys)))
    head = (
        "trial", "steps", "global + forward mapping (chance 9.00)", "retrieval, median rank", "zero-shot ground glass",
        "zero-shot spiculated", "pointing", "change, balanced accuracy",
    )  # fmt: skip
    return f"{markdown_table(head, rows)}\nSeed {document['seed']}; the losses are of the last epoch."


def medst_epochs() -> str:
    """What Med-ST's words mean, and where they point, while it trains."""
    command = "python scripts/medst_epochs.py --training_dir DIR --dataset_dir DIR --json FILE"
    return tables_or_command("medst_epochs.json", command, _medst_epochs)


def _medst_epochs(document: Any) -> str:
    words = {"loss": "global + forward mapping", "pointing_chance": "its chance"} | WORDS
    names = ("loss", "retrieval_rank", "zero_shot_ground_glass", "zero_shot_spiculated", "pointing_game")
    names += ("pointing_chance", "temporal_sentence", "temporal_image")
    rows = [
        [f"{row['epoch']}", f"{row['steps']}", *(number(row[name]) for name in names)] for row in document["epochs"]
    ]
    table = markdown_table(["epoch", "steps", *(words[name] for name in names)], rows)
    return (
        f"{table}\n{document['trained_on']}; {document['size']} size, judged on the {document['section']} patients; "
        f"epoch {document['chosen_epoch']} was chosen."
    )


MEDST_TABLES = {function.__name__: function for function in (medst_study, medst_in_csfnet, medst_trials, medst_epochs)}
