"""Several networks as one: the mean of their calibrated probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.network import Network, Plain


class Ensemble(Network):
    """The mean probability of networks that were trained on different folds or from different seeds.

    Its logits are the logarithms of the mean probabilities of benign and malignant, so that their softmax is the mean:
    whoever uses a network of this package can use an ensemble.

    Args:
        members: architecture of each network, as :meth:`Network.architecture` gives it.
        temperatures: what each network's logits are divided by, in the same order.
        create: makes a network from its architecture (:func:`csfnet_bundle.networks.create_network`).
    """

    def __init__(
        self,
        members: Sequence[Mapping[str, Plain]],
        temperatures: Sequence[float],
        create: Callable[[Mapping[str, Plain]], Network],
    ) -> None:
        super().__init__()
        if len(members) != len(temperatures) or not members:
            raise ValueError(f"{len(members)} networks with {len(temperatures)} temperatures, expected as many of each")
        self.members = [dict(member) for member in members]
        self.temperatures = [float(temperature) for temperature in temperatures]
        self.networks = nn.ModuleList(create(member) for member in members)

    def architecture(self) -> dict[str, Plain]:
        """Return the class name and the plain arguments; whoever makes the network again brings ``create``."""
        return {"name": type(self).__name__, "members": list(self.members), "temperatures": list(self.temperatures)}

    @property
    def needs_prior(self) -> bool:
        """Whether any of the networks does."""
        return any(network.needs_prior for network in self.networks)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2); arguments as of :meth:`csfnet_bundle.networks.CSFNet.forward`."""
        each = self.log_probabilities(image, clinical, interval_days)  # (M, B, 2)
        return torch.logsumexp(each, dim=0) - math.log(len(self.networks))

    def log_probabilities(self, image: Tensor, clinical: Tensor | None, interval_days: Tensor | None) -> Tensor:
        """Return the logarithm of each network's calibrated probabilities (M, B, 2)."""
        each: list[Tensor] = []
        for index, network in enumerate(self.networks):
            each.append(F.log_softmax(network(image, clinical, interval_days) / self.temperatures[index], dim=1))
        return torch.stack(each)

    @torch.jit.export
    def member_probabilities(
        self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None
    ) -> Tensor:
        """Return each network's calibrated probability of malignancy (B, M)."""
        return self.log_probabilities(image, clinical, interval_days)[:, :, 1].exp().T

    def attention_map(
        self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None
    ) -> Tensor:
        """Return the mean of the networks' attention maps (B, d, h, w); see :attr:`has_attention`."""
        maps = [network.attention_map(image, clinical, interval_days) for network in self.networks]  # type: ignore[operator]
        return torch.stack(maps).mean(dim=0)

    @property
    def has_attention(self) -> bool:
        """Whether every network has a map, all of one size."""
        return all(hasattr(network, "attention_map") for network in self.networks)
