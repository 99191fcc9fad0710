"""What a pre-training changes in a benchmark: a system that starts from it beside the same one from random weights."""

from __future__ import annotations

from typing import Any

from csfnet_bundle.evaluation.comparison import compare_systems
from csfnet_bundle.networks import SYSTEMS
from csfnet_bundle.studies.benchmark.cells import plain_rows
from csfnet_bundle.studies.benchmark.common_results import areas_of_seeds
from csfnet_bundle.studies.benchmark.common_test import COMMON
from csfnet_bundle.studies.benchmark.fitting import TEST
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.running import Predictions


def compare_pre_training(protocol: Protocol, predictions: Predictions, resamples: int) -> dict[str, dict[str, Any]]:
    """Compare each system that was pre-trained with the same one that was not.

    Args:
        protocol: the benchmark. With a common test set, that is where they are compared: it is the larger one.
        predictions: its predictions.
        resamples: of patients, in the bootstrap.

    Returns:
        For each pre-trained system that has its counterpart: ``without``, the counterpart; ``with_auc``; ``with_seeds``
        and ``without_seeds``, the areas of each seed; and the counterpart's row of
        :func:`csfnet_bundle.evaluation.comparison.compare_systems`, whose ``difference`` is the pre-trained system
        minus the counterpart.
    """
    part = COMMON if protocol.common_test else TEST
    tables = {name: one.parts[part] for name, one in predictions.systems.items() if part in one.parts}
    found = {}
    for pretrained, without in ((system.name, system.compared_with) for system in SYSTEMS.values()):
        if pretrained not in tables or without not in tables:
            continue
        both = {name: tables[name] for name in (pretrained, without)}
        # On the common set every fold's network is asked about all pairs, else about its own fold's alone.
        areas = {
            name: areas_of_seeds(predictions, name, part) if part == COMMON else predictions.systems[name].seed_areas
            for name in both
        }
        table = compare_systems(both, reference=pretrained, seed_areas=areas, resamples=resamples)
        rows = plain_rows(table)
        found[pretrained] = {
            "without": without,
            "with_auc": rows[pretrained]["auc"],
            "with_seeds": list(areas[pretrained]),
            "without_seeds": list(areas[without]),
            **rows[without],
        }
    return found
