"""Results of a study: means over seeds with intervals, and paired differences to what each is compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from csfnet_bundle.evaluation.bootstrap import CONFIDENCE
from csfnet_bundle.evaluation.paired import holm
from csfnet_bundle.medst.data import describe_dataset
from csfnet_bundle.studies.medst.plan import StudyPlan
from csfnet_bundle.studies.medst.variants import CONTROL, OTHER_SEEDS, SMALL, Variant, read_variants

METRICS: dict[str, tuple[str, ...]] = {
    "retrieval_rank": ("tasks", "retrieval", "median_rank"),
    "right_of_patient": ("tasks", "retrieval", "right_of_patient"),
    "right_of_patient_chance": ("tasks", "retrieval", "chance_right_of_patient"),
    "loss_global": ("held_out", "losses", "global", "value"),
    "loss_global_chance": ("held_out", "losses", "global", "chance"),
    "loss_local": ("held_out", "losses", "local", "value"),
    "loss_local_chance": ("held_out", "losses", "local", "chance"),
    "loss_forward": ("held_out", "losses", "forward_mapping", "value"),
    "loss_forward_chance": ("held_out", "losses", "forward_mapping", "chance"),
    "loss_reverse": ("held_out", "losses", "reverse_mapping", "value"),
    "loss_reverse_chance": ("held_out", "losses", "reverse_mapping", "chance"),
    "temporal_image": ("tasks", "temporal_image", "balanced_accuracy"),
    "temporal_image_accuracy": ("tasks", "temporal_image", "accuracy"),
    "temporal_sentence": ("tasks", "temporal_sentence", "auroc"),
    "zero_shot_spiculated": ("tasks", "zero_shot_spiculated", "auroc"),
    "zero_shot_ground_glass": ("tasks", "zero_shot_ground_glass", "auroc"),
    "probe_malignancy": ("tasks", "probe_malignancy", "auroc"),
    "probe_spiculated": ("tasks", "probe_spiculated", "auroc"),
    "probe_ground_glass": ("tasks", "probe_ground_glass", "auroc"),
    "change_untrained": ("tasks", "temporal_image", "untrained", "balanced_accuracy"),
    "malignancy_untrained": ("tasks", "probe_malignancy", "untrained", "auroc"),
    "spiculated_untrained": ("tasks", "probe_spiculated", "untrained", "auroc"),
    "ground_glass_untrained": ("tasks", "probe_ground_glass", "untrained", "auroc"),
    "pointing_game": ("interpretation", "pointing_game"),
    "pointing_chance": ("interpretation", "pointing_chance"),
    "contrast_to_noise": ("interpretation", "contrast_to_noise"),
    "cosine_before": ("interpretation", "similarity_cosine_before"),
    "cosine_after": ("interpretation", "similarity_cosine_after"),
    "cka_before": ("interpretation", "similarity_cka_before"),
    "cka_after": ("interpretation", "similarity_cka_after"),
    "mutual_information_before": ("interpretation", "similarity_mutual_information_before"),
    "mutual_information_after": ("interpretation", "similarity_mutual_information_after"),
    "epochs": ("epochs",),
    "seconds": ("seconds",),
}
"""What is told of each variant, and where a fit's result holds it."""
POINTING_GAIN = "pointing_gain"
"""The pointing game above its chance, which grows with the patches of all views that the nodule touches."""
COMPARED = (
    *("retrieval_rank", "right_of_patient", "zero_shot_ground_glass", "zero_shot_spiculated", "temporal_sentence"),
    *(POINTING_GAIN, "temporal_image", "probe_malignancy"),
)
"""What variants are compared by: so many differences of each main variant are tested."""
CONTROL_METRICS = {"retrieval_rank": 1, "zero_shot_ground_glass": -1}
"""By what a study notices its control, and the sign of a difference that is worse."""
FEWEST_SEEDS = 2
"""Of the control: one seed may be worse by chance."""

TOLD = (*METRICS, POINTING_GAIN)

SAME = 1e-9
"""Differences that differ by less are rounding of the same one, and have no variance to test by."""

Summary = dict[str, Any]
Fits = Mapping[int, dict[str, Any]]
"""Results of a variant's fits, by seed."""


def make_results(study: StudyPlan, command: str) -> dict[str, Any]:
    """Return the results of the fits that are done, as plain values."""
    done: dict[str, dict[int, dict[str, Any]]] = {}
    for fit in study.fits:
        if study.is_done(fit):
            done.setdefault(fit.variant, {})[fit.seed] = study.result(fit)
    data = describe_dataset(study.dataset_dir)
    rows = {name: _row(name, fits, done) for name, fits in done.items()}
    correct(rows)
    return {
        "command": command,
        "cohort": {"name": data.name, "phantom": data.phantom, "datalist_sha256": data.datalist_sha256},
        "overrides": dict(study.overrides),
        "seeds": study.seeds,
        "control_noticed": control_noticed(rows),
        "variants": rows,
    }


def control_noticed(rows: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether the network with other patients' texts is worse in every seed, of two at least.

    Without this control, or where it is not worse by :data:`CONTROL_METRICS`, differences of a study mean nothing.
    """
    row = rows.get(CONTROL)
    if row is None or len(row["seeds"]) < FEWEST_SEEDS:
        return False
    return all(
        len(row["differences"][metric]) >= FEWEST_SEEDS
        and all(sign * value > 0 for value in row["differences"][metric])
        for metric, sign in CONTROL_METRICS.items()
    )


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and 95 % interval over seeds (Student's t); none for fewer than two, or where all are the same."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return {"mean": None, "lower": None, "upper": None, "seeds": 0}
    mean = float(np.mean(known))
    if len(known) < 2 or max(known) - min(known) <= SAME:
        return {"mean": mean, "lower": None, "upper": None, "seeds": len(known)}
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(known) - 1) * stats.sem(known))
    return {"mean": mean, "lower": mean - half, "upper": mean + half, "seeds": len(known)}


def _row(name: str, fits: Fits, done: Mapping[str, Fits]) -> dict[str, Any]:
    known = Variant("the small size with the whole text model") if name == SMALL else read_variants()[name]
    compared_with = known.compared_with
    reference = done.get(compared_with, {})
    shared = sorted(set(fits) & set(reference))
    pairs = [(fits[seed], reference[seed]) for seed in shared]
    differences = {
        metric: [read_value(one, metric) - read_value(other, metric) for one, other in pairs] for metric in TOLD
    }
    return {
        "compared_with": compared_with,
        "what": known.what,
        "seeds": sorted(fits),
        "parameters": next(iter(fits.values()))["parameters"],
        "steps": next(iter(fits.values())).get("steps"),
        "metrics": {metric: summarise([read_value(fit, metric) for fit in fits.values()]) for metric in TOLD},
        "difference": {metric: difference(values, tested=known.main) for metric, values in differences.items()},
        "differences": {
            metric: [value for value in differences[metric] if not math.isnan(value)] for metric in CONTROL_METRICS
        },
    }


def difference(values: Sequence[float], tested: bool = True) -> Summary:
    """Return the summary of paired differences with ``p``, that their mean is zero (Student's t, two-sided).

    There is no test with two differences or fewer, where all are the same, or where none is asked for.
    """
    known = [value for value in values if not math.isnan(value)]
    tested = tested and len(known) > OTHER_SEEDS and max(known) - min(known) > SAME
    return {**summarise(values), "p": float(stats.ttest_1samp(known, 0.0).pvalue) if tested else None, "p_holm": None}


def correct(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Put ``p_holm`` into all differences by which variants are compared: one family."""
    tested = [row["difference"][metric] for row in rows.values() for metric in COMPARED]
    tested = [one for one in tested if one["p"] is not None]
    for one, corrected in zip(tested, holm([one["p"] for one in tested]), strict=True):
        one["p_holm"] = corrected


def read_value(result: Mapping[str, Any], metric: str) -> float:
    """Return one of :data:`TOLD` from an evaluation's metrics, or from a fit's result; NaN where it is not there."""
    if metric == POINTING_GAIN:
        return read_value(result, "pointing_game") - read_value(result, "pointing_chance")
    found: Any = result
    for key in METRICS[metric]:
        found = found.get(key, math.nan) if isinstance(found, Mapping) else math.nan
    return math.nan if found is None else float(found)
