"""What every network of the bundle has in common: it can tell how it was made, as plain values; most have one head."""

from __future__ import annotations

import inspect
from typing import ClassVar

from torch import nn

# (D, H, W) of a ROI in voxels, at 1 mm (the paper's).
ROI_SIZE = (16, 64, 64)
SCANS = ("t0", "t1")
# Of every classifier: the width before the logits, and the logits.
HIDDEN = 128
CLASSES = 2  # benign, malignant
# Plain Python values, such as a checkpoint that loads with ``weights_only=True`` may carry.
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


class Network(nn.Module):
    """A network from a pair of ROIs, clinical codes and an interval to two logits.

    Every subclass keeps each argument of its constructor as an attribute of the same name; :meth:`architecture` reads
    them back. Every subclass has the same ``forward``::

        forward(image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor

    - ``image`` (B, 2, D, H, W), float in [0, 1]; channel 0 is the earlier scan t0, channel 1 the later one t1.
    - ``clinical`` (B, 6), int64 token of each clinical variable; None means that all are missing.
    - ``interval_days`` (B,), float days from t0 to t1, NaN where it is missing; None means that all are missing.
    - the result (B, 2), logits of benign and malignant.

    An input that a network has no use for is accepted and ignored, so that all networks train on the same batches.
    """

    takes_clinical: ClassVar[bool] = True
    """Whether the class has a use for clinical values; false where its answer is the same whatever they are."""

    @property
    def needs_prior(self) -> bool:
        """Whether a pair must have a t0; else t1 may stand in both channels where there is none."""
        return True

    def architecture(self) -> dict[str, Plain]:
        """Return the class name, as ``name``, and every constructor argument, as plain values.

        ``create_network(network.architecture())`` makes the same network again, with fresh weights.
        """
        arguments = list(inspect.signature(type(self).__init__).parameters.values())[1:]  # the first is self
        named = [argument.name for argument in arguments if argument.kind is not argument.VAR_KEYWORD]
        return {"name": type(self).__name__, **{name: _plain(getattr(self, name)) for name in named}}


def _plain(value: object) -> Plain:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"constructor argument {value!r} of a network is a {type(value).__name__}, not a plain value")


def scan_index(scan: str) -> int:
    """Return the channel of the image that holds the scan ``"t0"`` or ``"t1"``.

    Raises:
        ValueError: it is neither of them.
    """
    if scan not in SCANS:
        raise ValueError(f"scan is {scan!r}, expected one of {SCANS}")
    return SCANS.index(scan)


def scale_channels(channels: int, width: float) -> int:
    """Return ``width`` times that many channels, at least one: how a network is made narrow for a CPU."""
    return max(1, round(width * channels))


def count_parameters(module: nn.Module) -> int:
    """Return the number of scalars that training changes."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


class ClassificationHead(nn.Sequential):
    """Linear to 128, ReLU, Linear to the two logits.

    Args:
        in_features: width of the vector to classify.
    """

    def __init__(self, in_features: int) -> None:
        super().__init__(nn.Linear(in_features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
