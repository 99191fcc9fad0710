"""``describe-model``: store with weights what they were trained on."""

from __future__ import annotations

from pathlib import Path


def describe_model(
    cohort: Path,
    *,
    checkpoint: Path,
    cache_dir: Path | None = None,
) -> None:
    """Store in model.json the sizes and looks of the pairs that weights were trained on.

    Predictions then say where a nodule's size or its ROI lies outside of them. make-model runs this by itself; for
    weights of one's own training it is run once, by hand.

    Args:
        cohort: the folder or datalist of the training; another one is rejected where the weights name theirs.
        checkpoint: the weights; the .json beside them is written anew.
        cache_dir: where the training cached its ROIs; by default the scans are read.

    Examples:
        csfnet describe-model data/nlstx --checkpoint output/csfnet/model.pt
        csfnet describe-model data/nlstx --checkpoint output/csfnet/model.pt --cache_dir output/roi_cache
    """
    from csfnet_bundle.prediction.checkpoint import load_checkpoint
    from csfnet_bundle.prediction.describing import describe_checkpoint

    described, domain = describe_checkpoint(load_checkpoint(checkpoint), cohort, cache_dir)
    described.save(checkpoint)
    sizes = (
        "sizes not known"
        if domain.diameters_mm is None
        else "nodules of {:.1f} to {:.1f} mm".format(*domain.diameters_mm)
    )
    print(f"{checkpoint}: {domain.training_pairs} training pairs, {sizes}")
    print(
        f"{domain.validation_flagged} of {domain.validation_pairs} validation pairs count as unlike the training set "
        f"(distance above {domain.limit:.1f})"
    )
