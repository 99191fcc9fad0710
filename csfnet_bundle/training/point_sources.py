"""That a training says so if points of its nodules were found by matching rather than given by readers."""

from __future__ import annotations

from monai.data import Dataset

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.pair import MATCHED


def check_point_sources(dataset: Dataset, *, accept_matched_points: bool = False) -> None:
    """Refuse a training on points that were matched, unless it is accepted.

    Args:
        dataset: of the training pairs.
        accept_matched_points: whether matched points are accepted.

    Raises:
        BundleError: a pair's t0 has a matched point, and none is accepted.
    """
    matched = [item["pair"] for item in dataset.data if item["pair"].t0 and item["pair"].t0.point_source == MATCHED]
    if matched and not accept_matched_points:
        raise BundleError(
            f"{len(matched)} of {len(dataset.data)} training pairs have a point in t0 that was found by matching; the "
            f"first is {matched[0].name}",
            record="training",
            remedy="Let a reader confirm the points, or train with --accept_matched_points True.",
        )
