"""``make-nodule-model``: fit the one-scan network of models/nodules/model.pt on all real nodules."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root

MODEL = Path("models/nodules/model.pt")


def make_nodule_model(dataset_dir: Path, out: Path, recipe: str = "base", model: Path | None = None) -> None:
    """Fit a recipe on all nodules of a cohort and write the weights; after an interruption it resumes.

    Temperature and threshold come from the folds that ``real-nodules`` fitted in the same folder.

    Args:
        dataset_dir: a cohort that ``cohort lidc-voi`` made.
        out: the folder of ``real-nodules``, with all folds of the recipe.
        recipe: name of a file in configs/real_nodules/.
        model: file of the weights; by default the bundle's models/nodules/model.pt.

    Examples:
        csfnet make-nodule-model data/lidc output/real_nodules
        csfnet make-nodule-model data/lidc output/real_nodules --recipe finer --model output/finer/model.pt
    """
    import torch

    from csfnet_bundle.studies.real_nodules.recipe import load_recipe
    from csfnet_bundle.studies.real_nodules.shipping import make_shipped_model
    from csfnet_bundle.studies.real_nodules.study import Study

    torch.set_num_threads(1)  # the network is small: more threads take longer
    chosen = load_recipe(recipe, bundle_root())
    study = Study(dataset_dir.resolve(), out.resolve(), (chosen,), seeds=1, folds=5)
    path = model or bundle_root() / MODEL
    make_shipped_model(study, chosen).save(path)
    print(path)
