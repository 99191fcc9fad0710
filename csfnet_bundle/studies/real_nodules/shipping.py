"""The nodule weights that come with the bundle: a recipe on all nodules, and a follow-up part on simulated change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from csfnet_bundle import __version__
from csfnet_bundle.cohorts.splits import SECTIONS
from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.evaluation.threshold import choose_decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY
from csfnet_bundle.prediction.checkpoint import FOLLOW_UP_PART, LABEL, OPINION, SIMULATED, ModelCheckpoint
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, remember_sections
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs, make_splits
from csfnet_bundle.studies.real_nodules.augmentation import WINDOW
from csfnet_bundle.studies.real_nodules.fitting import VALIDATION, fit, read_fit, read_network
from csfnet_bundle.studies.real_nodules.follow_up import (
    GROWN_FIRST,
    GROWN_SCALED,
    PHANTOMS_ALONE,
    SHIPPED_WAY,
    WAYS,
    FollowUpSets,
    fit_change,
    judge_change,
    read_grown,
    read_pairs,
    with_follow_up,
)
from csfnet_bundle.studies.real_nodules.grown_change import judge_grown
from csfnet_bundle.studies.real_nodules.grown_choice import describe_choice
from csfnet_bundle.studies.real_nodules.grown_nodules import GrownNodules, grown_nodules
from csfnet_bundle.studies.real_nodules.looks import nodule_domain
from csfnet_bundle.studies.real_nodules.pretraining import pretrain
from csfnet_bundle.studies.real_nodules.recipe import Recipe
from csfnet_bundle.studies.real_nodules.study import PRETRAINING_SEED, Study, fit_study
from csfnet_bundle.studies.real_nodules.volumes import filled_volumes

ATTRIBUTION = (
    "LIDC-IDRI, The Cancer Imaging Archive, CC BY 3.0, https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX; "
    "changed: cut out, resampled and filled"
)
SEED = 0
FITTED_ON = {
    PHANTOMS_ALONE: "phantoms",
    GROWN_FIRST: "grown nodules, then on phantoms",
    GROWN_SCALED: "grown nodules, its scale on phantoms",
}
"""The follow-up part, in the words of every report."""


def make_shipped_model(
    study: Study, recipe: Recipe, phantoms: FollowUpSets, grown: GrownNodules, way: str = SHIPPED_WAY
) -> ModelCheckpoint:
    """Fit a recipe on all nodules of a study's cohort, or read what was fitted before, and add the follow-up part.

    Temperature and threshold come from the validation nodules of the study's folds, one scan each: none of them was
    seen by the network that scored it. They do not hold for pairs, to whose logit the follow-up part adds. The network
    that is returned has seen them all, so that it can choose nothing itself.

    Args:
        study: its folds are fitted where that is not done.
        recipe: one of its recipes.
        phantoms: what the follow-up part is fitted on.
        grown: real nodules with a drawn change, for the ways that need them.
        way: how it is fitted, one of :data:`csfnet_bundle.studies.real_nodules.follow_up.WAYS`.

    Raises:
        BundleError: data that cannot be used, or fits with other settings in the study's folder.
    """
    splits, _ = fit_study(study)
    logits, labels = _validation(study, recipe)
    datalist = load_datalist(study.dataset_dir)
    pairs = labelled_pairs(datalist)
    volumes = filled_volumes(pairs, datalist.folder, study.cache)
    start = pretrain(recipe, study.pretraining(recipe), study.cache, PRETRAINING_SEED)
    network = with_follow_up(fit(recipe, pairs, volumes, start, study.out / recipe.name / "all", SEED))
    read = None if way == PHANTOMS_ALONE else read_grown(network, grown)
    fit_change(network, read_pairs(network, phantoms.training), SEED, way, read)
    return ModelCheckpoint(
        weights={name: value.contiguous() for name, value in network.state_dict().items()},
        architecture=network.architecture(),
        roi=RoiSettings(size=recipe.roi_size, window=WINDOW),
        code_book=nlst_code_book(),
        decision=choose_decision(logits, labels),
        provenance={
            **_provenance(study, recipe, pairs, way),
            "validation": {"pairs": len(labels), "malignant": int(labels.sum())},
        },
        further={
            SEEN_PATIENTS: [remember_sections(study.dataset_dir, SECTIONS)],
            DOMAIN_KEY: nodule_domain(pairs, splits, volumes, recipe.roi_size).to_plain(),
        },
    )


def card(nodules: int, patients: int, way: str = SHIPPED_WAY) -> str:
    """Return what the weights were trained on, as it stands on every report."""
    return (
        f"encoder and opinion on {nodules} LIDC-IDRI nodule volumes of {patients} patients, one scan each, labelled by "
        f"radiologists' opinion; follow-up part on {FITTED_ON[way]}; temperature and threshold on single scans; never "
        "judged on patients' follow-up"
    )


def grow_cohort(study: Study, recipe: Recipe) -> GrownNodules:
    """Return the grown nodules of a study's cohort, made where they are not there: see :func:`grown_nodules`."""
    datalist = load_datalist(study.dataset_dir)
    return grown_nodules(labelled_pairs(datalist), datalist.folder, study.cache, recipe.roi_size)


def judge_follow_up(study: Study, recipe: Recipe, phantoms: FollowUpSets, grown: GrownNodules) -> dict[str, Any]:
    """Fit the follow-up part onto the network of every fold, in all ways, and judge it.

    It is judged on phantom test pairs, and on grown nodules of the fold's test patients. Those that it is fitted on are
    of the fold's training patients.

    Args:
        study: whose folds of this recipe are all fitted.
        recipe: one of its recipes.
        phantoms: training and test pairs.
        grown: of the whole cohort.
    """
    datalist, rows = load_datalist(study.dataset_dir), []
    for number, split in enumerate(make_splits(datalist, study.folds)):
        network = with_follow_up(read_network(recipe, study.folder(recipe, SEED, number)))
        training, test = (read_pairs(network, pairs) for pairs in (phantoms.training, phantoms.test))
        start, unseen = (read_grown(network, grown.of(pairs)) for pairs in (split.training, split.test))
        for way in WAYS:
            fit_change(network, training, SEED, way, start)
            judged = judge_change(network, test, phantoms.test)
            rows.append({"fold": number, "fitted": way, **judged, "grown": judge_grown(network.change, unseen)})
    return {
        "what": "The follow-up part of models/nodules, fitted onto the encoder of every fold: on phantom test pairs "
        "and on real nodules that were made to grow.",
        "training_pairs": len(phantoms.training.labels),
        "test_pairs": len(phantoms.test.labels),
        "grown_pairs": len(grown.names),
        **describe_choice(labelled_pairs(datalist), grown),
        "folds": rows,
    }


def _validation(study: Study, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """The logits and labels of every fold's validation nodules, of the shipped seed."""
    folders = [study.folder(recipe, SEED, fold) for fold in range(study.folds)]
    tables = [read_fit(folder)[VALIDATION] for folder in folders]
    return (
        np.concatenate([table["logit"].to_numpy(np.float64) for table in tables]),
        np.concatenate([table["label"].to_numpy(np.int64) for table in tables]),
    )


def _provenance(study: Study, recipe: Recipe, pairs: Sequence[FollowUpPair], way: str) -> Mapping[str, Any]:
    subjects = {pair.subject for pair in pairs}
    return {
        "trained_on": card(len(pairs), len(subjects), way),
        "phantom": False,
        LABEL: OPINION,
        "attribution": ATTRIBUTION,
        "datalist_sha256": datalist_hash(study.dataset_dir),
        "bundle_version": __version__,
        "torch_version": str(torch.__version__),
        "recipe": recipe.name,
        "epoch": recipe.epochs,
        "pretraining": {"steps": recipe.pretraining_steps, "on": "drawn nodules"},
        FOLLOW_UP_PART: SIMULATED,
        "follow_up_way": way,
    }
