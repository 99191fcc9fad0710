"""``make-model``: train the network of models/model.pt on phantoms and judge it beside the oracle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root, run_command
from csfnet_bundle.core.files import write_atomically

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from csfnet_bundle.records import FollowUpPair

SUBJECTS = 1000
SEED = 2026
RESULT = Path("docs/results/phantom_cpu.json")
TRAIN = "['configs/train.json','configs/cpu_demo.json']"
EVALUATE = "['configs/train.json','configs/evaluate.json']"
FINE_TUNING = ("--optimizer#lr=0.001", "--train#trainer#max_epochs=10")
"""Of the second training. From random weights the narrow network hardly learns at the paper's ROI: its validation area
was .72 after 9 of 30 epochs, three minutes each."""


def make_model(out: Path = Path("output/make_model"), subjects: int = SUBJECTS, model: Path | None = None) -> None:
    """Make a phantom cohort, train the narrow network on it, evaluate, and put model and result in their places.

    The network is that of configs/cpu_demo.json. It is trained at the ROI of that file first, then at the paper's, that
    of configs/train.json. Writes models/model.pt and model.json, docs/results/phantom_cpu.json and what
    configs/metadata.json says of them.
    After an interruption the same command resumes.

    Args:
        out: folder for all that is made on the way.
        subjects: labelled subjects of the cohort; a quarter of them are test pairs.
        model: file of the weights; by default the bundle's models/model.pt, of which configs/metadata.json then tells.
            The result goes beside another file.

    Examples:
        csfnet make-model
        csfnet make-model --subjects 200 --out output/small_model --model output/small_model/model.pt
    """
    import torch

    from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
    from csfnet_bundle.evaluation.comparison import compare_systems
    from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME
    from csfnet_bundle.evaluation.predictions import read_predictions
    from csfnet_bundle.inputs import RoiSettings
    from csfnet_bundle.prediction.checkpoint import MODEL_NAME, STATE_NAME, load_checkpoint
    from csfnet_bundle.prediction.describing import describe_checkpoint
    from csfnet_bundle.records import load_datalist
    from csfnet_bundle.serving.metadata import eval_metrics, metadata_of

    root, folder = bundle_root(), out.resolve()
    cohort, training, evaluation = (folder / name for name in ("phantom", "training", "evaluation"))
    make_cohort(cohort, CohortSettings(subjects=subjects, seed=SEED))
    shared = [f"--dataset_dir={cohort}", f"--cache_dir={folder / 'roi_cache'}"]
    start = folder / "small_roi"
    run_command("training", TRAIN, *shared, f"--output_dir={start}")
    size = ",".join(str(voxels) for voxels in RoiSettings().size)
    further = [f"--initial_weights={start / MODEL_NAME}", f"--roi#size=[{size}]", *FINE_TUNING]
    run_command("training", TRAIN, *shared, f"--output_dir={training}", *further)
    run_command("evaluating", EVALUATE, *shared, f"--training_dir={training}", f"--output_dir={evaluation}")

    network = read_predictions(evaluation / PREDICTIONS_NAME)
    systems = {
        "oracle": _oracle(cohort, network),
        "csfnet": network,
        "simple reference": _simple_reference(cohort, folder / "roi_cache"),
    }
    table = compare_systems(systems, "oracle")
    checkpoint, _ = describe_checkpoint(load_checkpoint(training / MODEL_NAME), cohort, folder / "roi_cache")
    first, state = (torch.load(done / STATE_NAME, map_location="cpu", weights_only=True) for done in (start, training))
    result = {
        "what": "Measured on phantoms, not on patients: models/model.pt beside the oracle and a simple reference.",
        "command": "python -m csfnet_bundle make-model"
        + ("" if subjects == SUBJECTS else f" --subjects {subjects}")
        + ("" if model is None else " --model MODEL"),
        "configs": TRAIN,
        "cohort": {
            "subjects": subjects,
            "seed": SEED,
            "pairs": {name: len(pairs) for name, pairs in load_datalist(cohort).sections.items()},
        },
        "architecture": dict(checkpoint.architecture),
        "roi": checkpoint.roi.to_plain(),
        "first_epochs": first["epoch"],
        "epochs": state["epoch"],
        "chosen_epoch": checkpoint.provenance["epoch"],
        "device": f"CPU, {os.cpu_count()} cores",
        "training_seconds": round(state["seconds"] + first["seconds"]),
        "difference_is": "oracle - system",
        "systems": json.loads(table.to_json(orient="index", double_precision=4)),
    }
    path = model or root / "models" / MODEL_NAME
    result_path = root / RESULT if model is None else model.with_name(RESULT.name)
    write_atomically(result_path, json.dumps(result, indent=1) + "\n")
    checkpoint.save(path)
    if model is None:
        metadata = root / CONFIGS / "metadata.json"
        write_atomically(metadata, metadata_of(metadata.read_bytes(), checkpoint, eval_metrics(result)))
    print(table[["auc", "auc_delong_lower", "auc_delong_upper", "difference", "difference_lower", "difference_upper"]])
    print(f"model: {path}\nresult: {result_path}")


def _oracle(cohort: Path, network: pd.DataFrame) -> pd.DataFrame:
    """The best possible probability of each of the network's test pairs, from all inputs."""
    from csfnet_bundle.cohorts.phantom.truth import read_oracle
    from csfnet_bundle.evaluation.predictions import prediction_table, probability_log_odds

    scores = read_oracle(cohort, network["subject"].tolist())
    if scores is None:
        raise ValueError(f"{cohort} holds no truth for its own subjects")
    return prediction_table(
        network["subject"].tolist(),
        network["nodule"].tolist(),
        probability_log_odds(scores),
        network["label"].tolist(),
    )


def _simple_reference(cohort: Path, cache_dir: Path) -> pd.DataFrame:
    """Segmentation, measurements and logistic regression, trained on the training pairs, threshold from validation."""
    import numpy as np

    from csfnet_bundle.evaluation.predictions import prediction_table
    from csfnet_bundle.evaluation.threshold import choose_decision
    from csfnet_bundle.inputs import RoiCache, RoiSettings, prepare_rois
    from csfnet_bundle.nodule.simple_reference import clinical_features, pair_features, simple_reference_scores
    from csfnet_bundle.records import load_datalist

    datalist = load_datalist(cohort)
    cache = RoiCache(cache_dir, RoiSettings())
    features: dict[str, NDArray[np.float64]] = {}
    pairs: dict[str, tuple[FollowUpPair, ...]] = {}
    for name in ("training", "validation", "test"):
        pairs[name] = datalist.section(name)
        prepare_rois(pairs[name], datalist.folder, cache)
        images = np.stack([pair_features(*cache.read(pair, datalist.folder).array) for pair in pairs[name]])
        features[name] = np.hstack([images, clinical_features([pair.clinical for pair in pairs[name]])])
    labels = {name: np.array([pair.label for pair in section]) for name, section in pairs.items()}
    logits = {
        name: simple_reference_scores(features["training"], labels["training"], features[name])
        for name in ("validation", "test")
    }
    decision = choose_decision(logits["validation"], labels["validation"])
    return prediction_table(
        [pair.subject for pair in pairs["test"]],
        [pair.nodule for pair in pairs["test"]],
        logits["test"],
        labels["test"].tolist(),
        temperature=decision.temperature,
        threshold=decision.threshold,
    )
