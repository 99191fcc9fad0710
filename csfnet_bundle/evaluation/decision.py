"""From logits to a probability and a class: the temperature and threshold that come with the weights.

NumPy alone, so that one prediction needs neither pandas nor scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csfnet_bundle.core.errors import BundleError

Floats = NDArray[np.float64]


def probabilities(logits: ArrayLike, temperature: float = 1.0) -> Floats:
    """Turn logits into probabilities of malignancy, softmax(logits / temperature)[1].

    Args:
        logits: the difference logit_1 - logit_0, (N,).
        temperature: positive; above 1 it makes probabilities less sure.

    Returns:
        Probabilities, (N,), float64.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    # 1 / (1 + exp(-x)), as a logarithm: exp(-x) overflows for a logit below -709.
    return np.asarray(np.exp(-np.logaddexp(0.0, -scaled)))


@dataclass(frozen=True)
class Decision:
    """How logits become a decision.

    Attributes:
        temperature: what the logit is divided by before the sigmoid.
        threshold: calibrated probability from which on (``>=``) a nodule counts as malignant.
    """

    temperature: float
    threshold: float

    def to_plain(self) -> dict[str, float]:
        """Return plain values for a checkpoint or JSON."""
        return {"temperature": float(self.temperature), "threshold": float(self.threshold)}

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> Decision:
        """Make a decision from what :meth:`to_plain` gave.

        Raises:
            BundleError: a value is missing or no number, the temperature is not positive, or the threshold lies outside
                [0, 1].
        """
        numbers = {}
        for name in ("temperature", "threshold"):
            value = values.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise BundleError(
                    f"{name} is {value!r}, expected a number", record="decision", remedy="Evaluate again."
                )
            numbers[name] = float(value)
        if numbers["temperature"] <= 0 or not 0 <= numbers["threshold"] <= 1:
            raise BundleError(
                f"temperature {numbers['temperature']} and threshold {numbers['threshold']}, expected a positive "
                "number and a probability",
                record="decision",
                remedy="Evaluate again.",
            )
        return cls(**numbers)
