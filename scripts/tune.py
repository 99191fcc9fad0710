"""An example of tuning with Optuna: learning rate, augmentation and batch size by the validation AUC.

    python scripts/tune.py --dataset_dir DIR --trials 20 --out output/tuning

Every trial is a run of configs/train.json with its overrides, in a folder of its own; the study is kept in
OUT/study.db, so that the same command goes on where it stopped. Test pairs take no part. Needs the extra ``tuning``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fire
import optuna

from csfnet_bundle.commands.bundle_run import run_workflow, words
from csfnet_bundle.prediction.checkpoint import load_checkpoint

METRIC = "validation_auc"


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """Return the ids of the config that a trial changes, with its values."""
    return {
        "optimizer#lr": trial.suggest_float("learning_rate", 1e-4, 3e-3, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [8, 16]),
        "augmentation#flip_probability": trial.suggest_float("flip_probability", 0.0, 0.5),
    }


def tune(
    dataset_dir: str,
    out: str,
    trials: int = 20,
    configs: str | Sequence[str] = "train.json,cpu_demo.json",
    epochs: int = 10,
    override: Mapping[str, Any] | None = None,
) -> None:
    """Train with different settings and print those that did best on the validation pairs.

    Args:
        dataset_dir: the cohort.
        out: folder of the study and its trials.
        trials: in all, those of an earlier call included.
        configs: names in configs/.
        epochs: of each trial.
        override: ids of the config and their values, for every trial.
    """
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="csfnet",
        storage=f"sqlite:///{folder / 'study.db'}",
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=0),
        load_if_exists=True,
    )

    def objective(trial: optuna.Trial) -> float:
        output_dir = folder / f"trial{trial.number}"
        settings = {
            "dataset_dir": str(Path(dataset_dir).resolve()),
            "cache_dir": str(folder / "roi_cache"),
            "output_dir": str(output_dir),
            "train#trainer#max_epochs": epochs,
            **suggest(trial),
            **(override or {}),
        }
        run_workflow("training", words(configs), **settings)
        return float(load_checkpoint(output_dir / "model.pt").provenance["validation"][METRIC])

    done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
    study.optimize(objective, n_trials=max(trials - done, 0))
    print(f"best of {len(study.trials)} trials: {METRIC} {study.best_value:.3f}, trial {study.best_trial.number}")
    for name, value in study.best_params.items():
        print(f"  {name} = {value:.4g}")
    print("Chosen on the validation pairs, so it is too good there: judge it once, on the test pairs.")


if __name__ == "__main__":
    fire.Fire(tune)
