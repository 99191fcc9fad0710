"""``demo``: the whole way on phantoms, with the commands that a user would type."""

from __future__ import annotations

import json
from pathlib import Path

from csfnet_bundle.commands.bundle_run import run_command

SUBJECTS = 128
"""Enough for a network to learn something within the ten minutes that a demonstration may take."""
SEED = 7
EPOCHS = 20


def demo(out: Path = Path("demo"), subjects: int = SUBJECTS, epochs: int = EPOCHS) -> None:
    """Make a phantom cohort, train on it, evaluate, predict a new pair and write reports.

    After an interruption the same command resumes.

    Args:
        out: folder for all that is made.
        subjects: labelled subjects of the phantom cohort.
        epochs: of training.

    Examples:
        csfnet demo
        csfnet demo --out output/demo --subjects 64 --epochs 5
    """
    from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort

    folder = out.resolve()
    cohort, training, evaluation, new = (folder / name for name in ("phantom", "training", "evaluation", "new_pair"))
    print(f"1/4 a phantom cohort of {subjects} subjects in {cohort}")
    make_cohort(cohort, CohortSettings(subjects=subjects, seed=SEED))
    shared = [f"--dataset_dir={cohort}", f"--cache_dir={folder / 'roi_cache'}"]
    print("2/4 training")
    run_command(
        "training",
        "['configs/train.json','configs/cpu_demo.json']",
        *shared,
        f"--output_dir={training}",
        f"--train#trainer#max_epochs={epochs}",
    )
    print("3/4 evaluation on the test pairs")
    run_command(
        "evaluating",
        "['configs/train.json','configs/evaluate.json']",
        *shared,
        f"--training_dir={training}",
        f"--output_dir={evaluation}",
    )
    print("4/4 prediction of new pairs")
    run_command("inference", "configs/inference.json", *shared, f"--training_dir={training}", f"--output_dir={new}")
    _close(cohort, evaluation, new)


def _close(cohort: Path, evaluation: Path, new: Path) -> None:
    import pandas as pd

    from csfnet_bundle.evaluation.output import METRICS_NAME
    from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME
    from csfnet_bundle.records import load_datalist

    metrics = json.loads((evaluation / METRICS_NAME).read_text())
    auc = metrics["metrics"]["auc"]
    oracle = next(iter(metrics["references"].values()))["auc"]
    table = pd.read_csv(new / PREDICTIONS_NAME, dtype={"subject": str, "nodule": str})
    pair = load_datalist(cohort).section("inference")[0]
    probability = float(table.loc[table["subject"] == pair.subject, "probability"].iloc[0])
    print()
    print(f"Test AUC {auc['value']:.3f} (95 % interval {auc['lower']:.3f} to {auc['upper']:.3f}),")
    print(f"oracle AUC {oracle['value']:.3f} ({oracle['lower']:.3f} to {oracle['upper']:.3f}) on the same")
    print(f"{metrics['pairs']} phantom pairs. So few pairs judge nothing: look at the width of the intervals.")
    print(f"New pair {pair.name}: malignancy probability {probability:.3f} (phantom weights; not a medical device).")
    print(f"Report of the evaluation: {evaluation / 'report.html'}")
    print(f"Report of the new pair:   {new / (pair.subject + '_' + pair.nodule + '.html')}")
