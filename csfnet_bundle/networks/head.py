"""The classifier at the end of CSF-Net and of each of its ablations."""

from __future__ import annotations

from torch import nn

HIDDEN = 128
CLASSES = 2  # benign, malignant


class ClassificationHead(nn.Sequential):
    """Linear to 128, ReLU, Linear to the two logits.

    Args:
        in_features: width of the vector to classify.
    """

    def __init__(self, in_features: int) -> None:
        super().__init__(nn.Linear(in_features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
