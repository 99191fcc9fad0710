"""The one call of a network on a batch, whoever predicts: probabilities, attention, an ensemble's members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from csfnet_bundle.core.processor_time import share


@dataclass(frozen=True)
class NetworkOutput:
    """What a network says about a batch, on the CPU.

    Attributes:
        logits: (B, 2) float32, benign and malignant.
        attention: (B, d, h, w), summing to 1 over each map; None where it was not asked for or the network has none.
        member_probabilities: (B, M), the calibrated probability of malignancy of each network of an ensemble; None for
            one network alone.
    """

    logits: Tensor
    attention: Tensor | None = None
    member_probabilities: Tensor | None = None

    @property
    def logit(self) -> Tensor:
        """Logit of malignant minus logit of benign, (B,) float64."""
        return logit_difference(self.logits.double())

    def attention_of(self, index: int) -> NDArray[np.float64] | None:
        """Return the attention of one case of the batch, (d, h, w)."""
        return None if self.attention is None else np.asarray(self.attention[index].double().numpy())

    def members_of(self, index: int) -> tuple[float, ...]:
        """Return what each network of an ensemble said of one case; nothing for one network alone."""
        return () if self.member_probabilities is None else tuple(self.member_probabilities[index].double().tolist())


def logit_difference(logits: Tensor) -> Tensor:
    """Return logit of malignant minus logit of benign; ``logits`` (..., 2)."""
    return logits[..., 1] - logits[..., 0]


def run_network(
    network: nn.Module, image: Tensor, clinical: Tensor, interval_days: Tensor, *, details: bool = False
) -> NetworkOutput:
    """Run a network on a batch, in evaluation mode, without gradients, on the device that it is on.

    Args:
        network: as :class:`csfnet_bundle.networks.Network` describes; left in evaluation mode.
        image: (B, 2, D, H, W) in [0, 1], ROIs of t0 and t1.
        clinical: (B, 6) int64 tokens.
        interval_days: (B,) days from t0 to t1, NaN where missing.
        details: also ask for the attention and for an ensemble's members, which costs a second pass each.
    """
    inputs = (image, clinical, interval_days)
    logits = ask(network, "forward", *inputs).float()
    attention = ask(network, "attention_map", *inputs) if details and has_attention(network) else None
    has_members = details and hasattr(network, "member_probabilities")
    return NetworkOutput(logits, attention, ask(network, "member_probabilities", *inputs) if has_members else None)


@share("network")
def ask(network: nn.Module, method: str, image: Tensor, clinical: Tensor, interval_days: Tensor) -> Tensor:
    """Return what a method of a network gives for a batch, on the CPU, in evaluation mode and without gradients.

    Args:
        network: left in evaluation mode.
        method: ``"forward"``, or one with the same arguments.
        image: see :func:`run_network`.
        clinical: see :func:`run_network`.
        interval_days: see :func:`run_network`.
    """
    device = next(network.parameters()).device
    network.eval()
    function = network if method == "forward" else getattr(network, method)
    with torch.no_grad():
        answer: Tensor = function(*(tensor.to(device) for tensor in (image, clinical, interval_days)))
    return answer.cpu()


def has_attention(network: nn.Module) -> bool:
    """Tell whether a network can say where in the ROI it looks; an ensemble can where all its networks can."""
    return bool(getattr(network, "has_attention", hasattr(network, "attention_map")))
