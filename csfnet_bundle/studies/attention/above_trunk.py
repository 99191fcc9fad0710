"""CSF-Net above a trunk that stays as it is: what attention does, apart from how the maps were learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.networks.network import Plain
from csfnet_bundle.studies.roi_fitting import Tensors

TRUNK = ("encoder.", "temporal_fusion.")
"""What makes a feature map of the two scans; all else of CSF-Net takes the map and the clinical tokens."""
AT_ONCE = 32


class AboveTrunk(Network):
    """A CSF-Net that takes its trunk's maps in the image's place, so that only what is above the trunk is trained.

    Args:
        whole: the network.

    Raises:
        ValueError: it reads from the image whether there is a t0, which maps do not tell.
    """

    def __init__(self, whole: CSFNet) -> None:
        super().__init__()
        if whole.prior_presence:
            raise ValueError("a network with prior presence cannot be trained above its trunk: it needs the image")
        self.whole = whole

    def architecture(self) -> dict[str, Plain]:
        """As of the whole network."""
        return {**self.whole.architecture(), "part": type(self).__name__}

    def forward(self, maps: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) of maps (B, C, d, h, w), of clinical tokens and of intervals."""
        return self.whole.classify(maps, self.whole.clinical_tokens(maps, clinical, interval_days))


def take_trunk(network: CSFNet, weights: Mapping[str, Tensor]) -> CSFNet:
    """Put the trunk of trained weights into a network, and return it.

    Args:
        network: of the same widths.
        weights: state dictionary of a CSF-Net.
    """
    taken = {name: weights[name] for name in network.state_dict() if name.startswith(TRUNK)}
    network.load_state_dict({**network.state_dict(), **taken})
    return network


def trunk_maps(network: CSFNet, pairs: Tensors) -> Tensors:
    """Return the pairs with the trunk's maps, (N, C, d, h, w), in the images' place."""
    network.eval()
    with torch.no_grad():
        maps = [network.fuse(image) for image, *_ in pairs.batches(torch.arange(len(pairs.label)), AT_ONCE)]
    return replace(pairs, image=torch.cat(maps))
