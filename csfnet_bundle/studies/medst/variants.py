"""The switches: one small config file each, over the pre-training's own."""

from __future__ import annotations

from csfnet_bundle.core.errors import BundleError

DEFAULT = "default"
UNTRAINED = "untrained"
CONTROL = "mispaired"
"""The positive control: a study that does not notice it can judge nothing."""
VARIANTS: dict[str, str] = {
    DEFAULT: "coronal and sagittal views, an expert each, modality weighting, ordered windows of three",
    "no_temporal": "global and local loss alone",
    CONTROL: "every image with the text of another patient (positive control: must be worse)",
    "no_lateral_no_experts": "no second view and no experts",
    "uniform_weighting": "all words and patches weigh the same in the local loss",
    "faithful": "views, network and losses as published, windows of four",
    "temporal_on_frozen": "the temporal loss alone, on the encoders of `no_temporal` as they are",
    UNTRAINED: "the same network with learning rate 0: what is there before pre-training",
    "mispaired_within": "every image with the text of another study of the same patient",
    "shuffled": "studies of a window shuffled, images and texts together",
    "reversed": "studies of a window in reversed order (zero control: the temporal loss cannot tell)",
    "direction": "with the term that knows the direction of time",
    "published_local": "the local loss with negatives from the same study, as published",
    "whole_views": "views of the whole ROI, without slab and field",
    "whole_texts": "no phrase of a text is left out in training",
    "one_view": "no second view",
    "shared_experts": "one expert for both views",
    "temporal_alone": "the temporal loss alone",
    "window_3": "windows of three as the default's, 60 images a batch: what the other windows are compared with",
    "window_2": "windows of two studies, 60 images a batch",
    "window_5": "windows of five, 60 images a batch (for a cohort of five screens)",
    "window_8": "windows of eight, 60 images a batch (for a cohort of eight screens)",
    "more_views": "axial and oblique views as well",
    "volume_view": "the ROI as a volume in blocks, as a third view",
    "forward_then_reverse": "forward mapping alone for the first half of the epochs",
    "no_variance_floor": "reverse mapping with the published eps",
    "frozen_text": "the text encoder is not trained",
}
"""Names, in the order in which they are trained, and what they are; ``configs/medst/NAME.json`` makes each."""
MAIN = (DEFAULT, "no_temporal", CONTROL, "no_lateral_no_experts", "uniform_weighting", "faithful")
"""Variants that answer the main questions: they have all seeds and intervals."""
OTHER_SEEDS = 2
"""Seeds of all other variants, of which no difference is tested."""
REFERENCES = dict.fromkeys(("window_2", "window_5", "window_8"), "window_3")
"""What a variant is compared with, where that is not the default."""
STARTS_FROM = {"temporal_on_frozen": "no_temporal"}
"""Variants that start from the weights of another one of the same seed."""
SMALL = "small"
"""The small size with the whole text model: not among the others, since it takes minutes a fit."""


def find_variants(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names, those first that others are compared with; nothing named means all.

    Raises:
        BundleError: there is no such variant.
    """
    for name in names:
        if name not in VARIANTS and name != SMALL:
            raise BundleError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}, {SMALL}.")
    chosen = names or tuple(VARIANTS)
    needed = {**REFERENCES, **STARTS_FROM}
    references = (DEFAULT, *(other for name, other in needed.items() if name in chosen))
    return tuple(dict.fromkeys((*references, *chosen)))
