"""``real-nodules``: one-scan networks on boxed nodules, folds by patient, judged beside the diameter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.words import words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.studies.real_nodules.recipe import BASE, load_recipe
from csfnet_bundle.studies.real_nodules.study import Study, run_study

RESULTS_NAME = "results.json"
SEEDS, FOLDS = 2, 5


def real_nodules(
    dataset_dir: str, out: str, recipes: str | Sequence[str] = BASE, seeds: int = SEEDS, folds: int = FOLDS
) -> None:
    """Pre-train, fit and judge every recipe; started again, it goes on where it stopped.

    Writes results.json into ``out``.

    Args:
        dataset_dir: a cohort that ``cohort lidc-voi`` made.
        out: folder for all that is made.
        recipes: names of files in configs/real_nodules/, by commas.
        seeds: fits of each recipe and fold.
        folds: of the cross-validation, by patient.
    """
    for name, count, least in (("seeds", seeds, 1), ("folds", folds, 2)):
        if count < least:
            raise BundleError(f"{name} is {count}, expected {least} or more")
    torch.set_num_threads(1)  # the networks are small: more threads take longer
    names = words(recipes)
    chosen = tuple(load_recipe(name, bundle_root()) for name in names)
    study = Study(Path(dataset_dir).resolve(), Path(out).resolve(), chosen, seeds, folds)
    command = (
        "python -m csfnet_bundle real-nodules --dataset_dir LIDC --out OUT "
        f"--recipes {','.join(names)} --seeds {seeds} --folds {folds}"
    )
    document = run_study(study, command)
    path = study.out / RESULTS_NAME
    write_atomically(path, json.dumps(document, indent=1) + "\n")
    for name, row in document["systems"].items():
        print(f"{name:32} {row['auc']:.4f}  within folds {row['within_folds']:.4f}")
    print(path)
