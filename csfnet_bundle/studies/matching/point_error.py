"""What a wrong place in t0 does to the probability: pairs of a cohort predicted with t0's point moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import FollowUpPair, load_datalist

DISTANCES_MM = (0.0, 2.0, 4.0, 8.0)
DIRECTIONS = 3
"""For each pair and distance, drawn at random: a match errs in any direction."""
SEED = 0
LARGE_CHANGE = 0.1


def point_error_study(cohort: Path, predictor: Predictor, section: str = "test") -> dict[str, Any]:
    """Predict a cohort's pairs with t0's point moved by known distances.

    Args:
        cohort: its folder; points in LPS.
        predictor: with the weights to study.
        section: of the datalist.

    Returns:
        Plain values: for each pair its label and the probabilities by distance.

    Raises:
        BundleError: no pairs with a t0 in the section.
    """
    pairs = [pair for pair in load_datalist(cohort).section(section) if pair.t0 is not None]
    if not pairs:
        raise BundleError(f"its section {section} has no pair with a t0", record=str(cohort))
    rows = []
    with progress_bar("moving t0's point", len(pairs)) as advance:
        for number, pair in enumerate(pairs):
            rng = np.random.default_rng([SEED, number])
            moved = {distance: _moved(pair, distance, rng) for distance in DISTANCES_MM}
            found = iter(predictor.predict_pairs([one for some in moved.values() for one in some], cohort))
            rows.append(
                {
                    "pair": pair.name,
                    "label": pair.label,
                    "probabilities": {f"{mm:g}": [next(found).probability for _ in some] for mm, some in moved.items()},
                }
            )
            advance(1)
    return {"section": section, "seed": SEED, "rows": rows}


def _moved(pair: FollowUpPair, distance: float, rng: np.random.Generator) -> list[FollowUpPair]:
    """Return the pair with t0's point so far off, in some directions; once where the distance is 0."""
    assert pair.t0 is not None
    point = pair.t0.known_point
    if point.space is not Space.LPS:
        raise BundleError(f"t0's point is in {point.space}, expected LPS", record=pair.name)
    moved = []
    for _ in range(DIRECTIONS if distance else 1):
        direction = rng.normal(size=3)
        x, y, z = np.array(point.coordinates) + distance * direction / np.linalg.norm(direction)
        moved.append(replace(pair, t0=replace(pair.t0, point=Point((float(x), float(y), float(z)), Space.LPS))))
    return moved


def point_error_table(study: Mapping[str, Any]) -> str:
    """Return the table of the page: by distance, how far the probability moves."""
    rows: Sequence[Mapping[str, Any]] = study["rows"]
    labels = np.array([row["label"] for row in rows])
    cells = []
    for distance in (f"{mm:g}" for mm in DISTANCES_MM):
        change = np.array(
            [abs(p - row["probabilities"]["0"][0]) for row in rows for p in row["probabilities"][distance]]
        )
        first = np.array([row["probabilities"][distance][0] for row in rows])
        auc = f"{roc_auc_score(labels, first):.3f}" if len(set(labels.tolist())) == 2 else "–"
        cells.append(
            (
                f"{distance} mm",
                len(change),
                f"{np.median(change):.3f}",
                f"{np.percentile(change, 95):.3f}",
                f"{change.max():.3f}",
                f"{(change > LARGE_CHANGE).mean():.0%}",
                auc,
            )
        )
    head = ("t0's point off by", "predictions", "change of probability, median", "95 %", "largest", "> .1", "AUC")
    return markdown_table(head, cells)
