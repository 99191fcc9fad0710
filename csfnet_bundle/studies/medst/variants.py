"""The switches: one small config file each, over the pre-training's own."""

from __future__ import annotations

from csfnet_bundle.core.errors import BundleError

DEFAULT = "default"
UNTRAINED = "untrained"
VARIANTS: dict[str, str] = {
    DEFAULT: "coronal and sagittal views, an expert each, modality weighting, ordered windows of three",
    UNTRAINED: "the same network with learning rate 0: what is there before pre-training",
    "one_view": "no second view",
    "shared_experts": "one expert for both views",
    "temporal_alone": "the temporal loss alone",
    "no_temporal": "global and local loss alone",
    "uniform_weighting": "all words and patches weigh the same in the local loss",
    "shuffled": "studies of a window shuffled, images and texts together",
    "mispaired": "every image with the text of another study of its window (positive control: must be worse)",
    "reversed": "studies of a window in reversed order (zero control: the temporal loss cannot tell)",
    "window_2": "windows of two studies, 60 images a batch: whole windows of two, three, four and five",
    "window_3": "windows of three as the default's, 60 images a batch: what the other windows are compared with",
    "window_4": "windows of four, 60 images a batch",
    "window_5": "windows of five, 60 images a batch",
    "more_views": "axial and oblique views as well",
    "direction": "with the term that knows the direction of time",
    "forward_then_reverse": "forward mapping alone for the first half of the epochs",
    "no_variance_floor": "reverse mapping with the published eps",
    "faithful": "network and losses as published, windows of four",
    "frozen_text": "the text encoder is not trained",
}
"""Names, in the order in which they are trained, and what they are; ``configs/medst/NAME.json`` makes each."""
REFERENCES = dict.fromkeys(("window_2", "window_4", "window_5"), "window_3")
"""What a variant is compared with, where that is not the default."""
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
    references = (DEFAULT, *(reference for name, reference in REFERENCES.items() if name in chosen))
    return tuple(dict.fromkeys((*references, *chosen)))
