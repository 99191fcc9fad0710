"""``make-nodule-model``: make models/nodules/model.pt from all real nodules and simulated change."""

from __future__ import annotations

import json
from pathlib import Path

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root
from csfnet_bundle.core.files import write_atomically

MODEL = Path("models/nodules/model.pt")
DEFAULT_RECIPE = "base"
RESULT = Path("docs/results/nodule_follow_up.json")


def make_nodule_model(dataset_dir: Path, out: Path, recipe: str = DEFAULT_RECIPE, model: Path | None = None) -> None:
    """Fit a recipe on all nodules of a cohort, add the follow-up part from simulated change, and write the weights.

    Temperature and threshold come from five folds, those of ``real-nodules`` if it has the same folder. The follow-up
    part is fitted onto every fold's network too, also from grown real nodules, and judged on phantoms and
    grown nodules: docs/results/nodule_follow_up.json. After an interruption it resumes.

    Args:
        dataset_dir: a cohort that ``cohort lidc-voi`` made.
        out: folder for all that is made; that of ``real-nodules`` has the folds already.
        recipe: name of a file in configs/real_nodules/.
        model: file of the weights; by default the bundle's models/nodules/model.pt, of which configs/metadata.json
            then tells. The result goes beside another file.

    Examples:
        csfnet make-nodule-model data/lidc output/real_nodules
        csfnet make-nodule-model data/lidc output/real_nodules --recipe finer --model output/finer/model.pt
    """
    import torch

    from csfnet_bundle.records import load_datalist
    from csfnet_bundle.serving.metadata import metadata_with_nodules
    from csfnet_bundle.studies.benchmark.splits import make_splits
    from csfnet_bundle.studies.real_nodules.follow_up import make_follow_up_sets
    from csfnet_bundle.studies.real_nodules.recipe import load_recipe
    from csfnet_bundle.studies.real_nodules.shipping import SEED, grow_cohort, judge_follow_up, make_shipped_model
    from csfnet_bundle.studies.real_nodules.spending import counted, read_seconds
    from csfnet_bundle.studies.real_nodules.study import Study, fits_of, seconds_path

    torch.set_num_threads(1)  # the network is small: more threads take longer
    chosen = load_recipe(recipe, bundle_root())
    study = Study(dataset_dir.resolve(), out.resolve(), (chosen,), seeds=1, folds=5)
    make_splits(load_datalist(study.dataset_dir), study.folds)  # a cohort that cannot be used ends it now
    root = bundle_root()
    spent = study.out / "follow_up" / "seconds.json"
    with counted(spent, "phantoms"):
        phantoms = make_follow_up_sets(study.out / "follow_up", chosen.roi_size)
    with counted(spent, "grown nodules"):
        grown = grow_cohort(study, chosen)
    checkpoint = make_shipped_model(study, chosen, phantoms, grown)
    with counted(spent, "follow-up part"):
        judged = judge_follow_up(study, chosen, phantoms, grown)
    fits = {name: read_seconds(seconds_path(study))[name] for name in fits_of(chosen, SEED)}
    options = "" if recipe == DEFAULT_RECIPE else f" --recipe {recipe}"
    options += "" if model is None else " --model MODEL"
    command = f"python -m csfnet_bundle make-nodule-model --dataset_dir LIDC --out OUT{options}"
    result = {"command": command, "seconds": {**fits, **read_seconds(spent)}, **judged}
    path = model or root / MODEL
    result_path = root / RESULT if model is None else model.with_name(RESULT.name)
    checkpoint.save(path)
    write_atomically(result_path, json.dumps(result, indent=1) + "\n")
    if model is None:
        metadata = root / CONFIGS / "metadata.json"
        write_atomically(metadata, metadata_with_nodules(metadata.read_bytes(), checkpoint))
    print(f"{path}\n{result_path}")
