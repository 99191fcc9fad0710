"""Describing weights by the pairs that they were trained on: sizes, and statistics of the ROIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs import RoiCache
from csfnet_bundle.inputs.roi_statistics import STATISTICS, pair_statistics
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY, TrainingDomain, fit_domain
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.report.case import DIAMETER_T0, DIAMETER_T1


def describe_checkpoint(
    checkpoint: ModelCheckpoint, cohort: Path, cache_dir: Path | None = None
) -> tuple[ModelCheckpoint, TrainingDomain]:
    """Return a checkpoint with the domain that it was trained on, and the domain.

    Args:
        checkpoint: the weights.
        cohort: the folder or datalist that they were trained on.
        cache_dir: where its ROIs are cached; None reads the scans.

    Raises:
        BundleError: the cohort is not the one that the weights name, has too few pairs, or a pair cannot be read.
    """
    datalist = load_datalist(cohort)
    named, given = checkpoint.provenance.get("datalist_sha256"), datalist_hash(cohort)
    if named is not None and named != given:
        raise BundleError(
            f"its datalist has SHA-256 {given:.12}, the weights were trained on {named:.12}",
            record=str(cohort),
            remedy="Give the cohort that they were trained on, as it was then.",
        )
    needs_prior = bool(getattr(checkpoint.create_network(), "needs_prior", True))
    cache = RoiCache(cache_dir, checkpoint.roi, repeat_missing_prior=not needs_prior)
    sections = {name: datalist.section(name) for name in ("training", "validation")}
    statistics = {name: _statistics(pairs, datalist.folder, cache, name) for name, pairs in sections.items()}
    domain = fit_domain(statistics["training"], statistics["validation"], trained_diameters(sections["training"]))
    return replace(checkpoint, further={**checkpoint.further, DOMAIN_KEY: domain.to_plain()}), domain


def trained_diameters(pairs: Sequence[FollowUpPair]) -> tuple[float, ...]:
    """Return the diameters at t0 and t1 that a datalist's strata tell, mm; empty where a pair tells none."""
    found: list[float] = []
    for pair in pairs:
        values = [pair.strata.get(key) for key in (DIAMETER_T0, DIAMETER_T1)]
        if not all(isinstance(value, int | float) and value > 0 for value in values):
            return ()
        found += [float(value) for value in values]  # type: ignore[arg-type]
    return tuple(found)


def _statistics(pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache, name: str) -> NDArray[np.float64]:
    if not pairs:
        raise BundleError(f"the datalist has no {name} pairs", record=str(folder))
    rows = []
    with progress_bar(f"{name} pairs", len(pairs)) as advance:
        for pair in pairs:
            seen = np.clip(cache.read(pair, folder).array, *cache.settings.window)  # as the network sees them
            rows.append(pair_statistics(seen, cache.settings.spacing))
            advance(1)
    return np.array(rows).reshape(len(pairs), len(STATISTICS))
