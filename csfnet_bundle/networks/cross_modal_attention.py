"""CMAF, cross-modal attention fusion: the clinical data look at the image and the image at the clinical data.

Source: CSF-Net, Eq. 3-4 and Fig. 1c. The printed equations exchange the letters of the two queries; the functions are
the same. The softmax is over the keys: the S = d h w voxels of the map, or the clinical tokens. (The published code
gives the attention two-dimensional tensors, so that it attends across patients.)

The printed form cannot select a place: its image tokens do not say where they lie, and of the queries of six variables
it shows the average, also where one of them selects well. So the default adds two things of no parameter: the image
tokens carry their position, and the clinical tokens ask together, by their sum (the published code, too, reduces them
to one vector). docs/attention.md has the measurements.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.clinical_embedding import TOKEN_WIDTH
from csfnet_bundle.networks.position_encoding import PositionEncoding

JOINT, PUBLISHED, UNIFORM = "joint", "published", "uniform"
ATTENTIONS = (JOINT, PUBLISHED, UNIFORM)

HEADS = 4
ATTENTION_DROPOUT = 0.2


class ImageTokens(nn.Module):
    """The voxels of a feature map as tokens: C, then C/2, then 128.

    The paper gives the sizes; the ReLU between the two layers is a guess [G], without which they would be one.

    Args:
        channels: C of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels, channels // 2)
        self.projection = nn.Linear(channels // 2, TOKEN_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, d, h, w) to (B, S, 128) with S = d h w."""
        voxels = x.flatten(2).transpose(1, 2)  # (B, S, C)
        return self.projection(F.relu(self.hidden(voxels)))


class CrossAttention(nn.Module):
    """Multi-head attention in which the tokens of one modality ask and those of the other answer.

    ``q, k, v = ReLU(Linear(...))``, the attention is ``softmax(q k^T / sqrt(width / heads))`` over the keys.

    Args:
        width: of the tokens.
        heads: into which the width is split.
        dropout: of the attention, in training.
        uniform: whether every token attends to all others equally; there are then no queries and keys to train.
    """

    def __init__(
        self,
        width: int = TOKEN_WIDTH,
        heads: int = HEADS,
        dropout: float = ATTENTION_DROPOUT,
        uniform: bool = False,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.query: nn.Module = nn.Linear(width, width)
        self.key: nn.Module = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        if uniform:
            self.make_uniform()

    def make_uniform(self) -> None:
        """Let every token attend to all others equally, and drop what queries and keys were made by."""
        self.query, self.key = nn.Identity(), nn.Identity()
        self.scale = 0.0  # a softmax of zeros is uniform

    def attention(self, asking: Tensor, answering: Tensor) -> Tensor:
        """Return how much each of (B, Q, width) attends to each of (B, K, width): (B, heads, Q, K), sum over K 1."""
        query = self.split_heads(F.relu(self.query(asking)))  # (B, heads, Q, width / heads)
        key = self.split_heads(F.relu(self.key(answering)))  # (B, heads, K, width / heads)
        return torch.softmax(self.scale * query @ key.transpose(2, 3), dim=3)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        """Return the answers to (B, Q, width) from (B, K, width), as (B, Q, width)."""
        value = self.split_heads(F.relu(self.value(answering)))  # (B, heads, K, width / heads)
        answers = self.dropout(self.attention(asking, answering)) @ value  # (B, heads, Q, width / heads)
        return answers.transpose(1, 2).flatten(2)

    def split_heads(self, tokens: Tensor) -> Tensor:
        """Split (B, N, width) into (B, heads, N, width / heads)."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


def with_uniform_attention(network: nn.Module) -> nn.Module:
    """Return a copy of a trained network whose attention is uniform: what it loses is what it selected by."""
    copied = deepcopy(network)
    for module in copied.modules():
        if isinstance(module, CrossAttention):
            module.make_uniform()
    return copied


class CrossModalAttention(nn.Module):
    """Two streams of cross-attention, each pooled to one vector; the vectors are concatenated.

    Args:
        dropout: of the attention, in training.
        attention: ``"joint"``: image tokens with their position, one query that is the sum of the clinical tokens.
            ``"published"``: as printed, without position and with a query of each clinical token. ``"uniform"``: as
            joint, but every token attends to all others equally; what the two others gain over it, trained the same
            way, is what attention is worth.

    Raises:
        ValueError: there is no such attention.
    """

    def __init__(self, dropout: float = ATTENTION_DROPOUT, attention: str = JOINT) -> None:
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(f"attention is {attention!r}, expected one of {', '.join(ATTENTIONS)}")
        self.joint = attention != PUBLISHED
        uniform = attention == UNIFORM
        self.position = PositionEncoding(TOKEN_WIDTH)
        self.image_input = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.clinical_input = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        # Clinical queries, image keys and values; then image queries, clinical keys and values.
        self.image_stream = CrossAttention(dropout=dropout, uniform=uniform)
        self.clinical_stream = CrossAttention(dropout=dropout, uniform=uniform)
        self.image_output = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.clinical_output = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)

    def forward(self, image_tokens: Tensor, clinical_tokens: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Fuse the tokens of both modalities.

        Args:
            image_tokens: (B, S, 128) of a map's S = d h w voxels.
            clinical_tokens: (B, V, 128).
            grid: (d, h, w) of the map.

        Returns:
            (B, 256).
        """
        image, clinical, query = self.inputs(image_tokens, clinical_tokens, grid)
        image_vector = self.image_stream(query, image).mean(dim=1) + image.mean(dim=1)  # (B, 128)
        clinical_vector = self.clinical_stream(image, clinical).mean(dim=1) + clinical.mean(dim=1)  # (B, 128)
        image_vector = self.image_output(image_vector) + image_tokens.mean(dim=1)  # the image feature again (Fig. 1)
        return torch.cat([image_vector, self.clinical_output(clinical_vector)], dim=1)

    def inputs(
        self, image_tokens: Tensor, clinical_tokens: Tensor, grid: tuple[int, int, int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return image tokens (B, S, 128), clinical tokens (B, V, 128) and what asks the image (B, 1 or V, 128)."""
        if self.joint:
            image_tokens = image_tokens + self.position(grid[0], grid[1], grid[2])
        image = F.relu(self.image_input(image_tokens))  # (B, S, 128)
        clinical = F.relu(self.clinical_input(clinical_tokens))  # (B, V, 128)
        query = clinical.sum(dim=1, keepdim=True) if self.joint else clinical
        return image, clinical, query

    def image_attention(self, image_tokens: Tensor, clinical_tokens: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Return how much the clinical data attend to each image token, mean over heads and queries: (B, S), sum 1."""
        image, _, query = self.inputs(image_tokens, clinical_tokens, grid)
        return self.image_stream.attention(query, image).mean(dim=(1, 2))

    def clinical_attention(self, image_tokens: Tensor, clinical_tokens: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Return how much the image attends to each clinical token, mean over heads and queries: (B, V), sum 1."""
        image, clinical, _ = self.inputs(image_tokens, clinical_tokens, grid)
        return self.clinical_stream.attention(image, clinical).mean(dim=(1, 2))
