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
    """The part of a CSF-Net that is above its trunk, as a network that takes the trunk's maps in the image's place.

    Its modules are those of the CSF-Net itself: training the one trains the other.

    Args:
        whole: the network.
    """

    def __init__(self, whole: CSFNet) -> None:
        super().__init__()
        self.image_tokens = whole.image_tokens
        self.clinical_embedding = whole.clinical_embedding
        self.cross_modal_attention = whole.cross_modal_attention
        self.head = whole.head
        self._architecture = whole.architecture()

    def architecture(self) -> dict[str, Plain]:
        """As of the whole network, which this is a part of."""
        return {**self._architecture, "part": type(self).__name__}

    def forward(self, maps: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) of maps (B, C, d, h, w), of clinical tokens and of intervals."""
        grid = (maps.shape[2], maps.shape[3], maps.shape[4])
        clinical_tokens = self.clinical_embedding(clinical, interval_days, maps.shape[0])  # (B, 6 or 7, 128)
        return self.head(self.cross_modal_attention(self.image_tokens(maps), clinical_tokens, grid))


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
