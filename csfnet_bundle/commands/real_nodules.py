"""``real-nodules``: one-scan networks on boxed nodules, folds by patient, judged beside the diameter."""

from __future__ import annotations

import json
from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically

RESULTS_NAME = "results.json"


def real_nodules(dataset_dir: Path, out: Path, recipes: Words = ("base",), seeds: int = 2, folds: int = 5) -> None:
    """Pre-train, fit and judge every recipe; after an interruption it resumes.

    Writes results.json into ``out``.

    Args:
        dataset_dir: a cohort that ``cohort lidc-voi`` made.
        out: folder for all that is made.
        recipes: names of files in configs/real_nodules/, by commas.
        seeds: fits of each recipe and fold.
        folds: of the cross-validation, by patient.

    Examples:
        csfnet real-nodules data/lidc output/real_nodules
        csfnet real-nodules data/lidc output/real_nodules --recipes base,finer,without_pretraining --seeds 3
    """
    import torch

    from csfnet_bundle.studies.real_nodules.recipe import load_recipe
    from csfnet_bundle.studies.real_nodules.study import Study, run_study

    for name, count, least in (("seeds", seeds, 1), ("folds", folds, 2)):
        if count < least:
            raise BundleError(f"{name} is {count}, expected {least} or more")
    torch.set_num_threads(1)  # the networks are small: more threads take longer
    chosen = tuple(load_recipe(name, bundle_root()) for name in recipes)
    study = Study(dataset_dir.resolve(), out.resolve(), chosen, seeds, folds)
    command = (
        "python -m csfnet_bundle real-nodules --dataset_dir LIDC --out OUT "
        f"--recipes {','.join(recipes)} --seeds {seeds} --folds {folds}"
    )
    document = run_study(study, command)
    path = study.out / RESULTS_NAME
    write_atomically(path, json.dumps(document, indent=1) + "\n")
    for name, row in document["systems"].items():
        print(f"{name:32} {row['auc']:.4f}  within folds {row['within_folds']:.4f}")
    print(path)
