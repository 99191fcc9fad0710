"""The image encoder of Med-ST: a vision transformer whose blocks attend over all views of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.networks.medst.roi_views import PROJECTIONS
from csfnet_bundle.networks.medst.view_experts import view_expert_block
from csfnet_bundle.networks.network import Plain


class Size(NamedTuple):
    """How large a network is.

    Attributes:
        image_size: edge of a view in pixels.
        patch_size: edge of a patch in pixels.
        width: of the image tokens.
        depth: number of blocks.
        heads: of the attention.
        projection: hidden width of the heads.
    """

    image_size: int
    patch_size: int
    width: int
    depth: int
    heads: int
    projection: int


SIZES = {
    "tiny": Size(64, 8, 96, 4, 3, 256),
    "small": Size(64, 8, 192, 6, 6, 512),
    "full": Size(224, 16, 768, 12, 12, 2048),  # ViT-B/16, as published
}


@dataclass(frozen=True)
class EncoderSettings:
    """What makes an image encoder; configs, checkpoints and every network that has one name these.

    Attributes:
        size: ``"tiny"``, ``"small"`` or ``"full"``, of :data:`SIZES`.
        views: the names of the views, in order.
        slab: voxels of a ROI's middle that a CT view projects; None: all. The encoder's shape does not depend on it.
        field: voxels that a CT view shows along each edge; None: all. See
            :func:`csfnet_bundle.networks.medst.roi_views`.
        shared_experts: one expert for all views, see :class:`csfnet_bundle.networks.medst.view_experts.ViewExperts`.
        shared_class_token: one class token for all views and no view embedding, as published.
        mask_blank: patches whose pixels are all zero (the padding of a view) do not count.

    Raises:
        ValueError: there is no such size, or no view.
    """

    size: str = "small"
    views: Sequence[str] = ("coronal", "sagittal")
    slab: int | None = None
    field: int | None = None
    shared_experts: bool = False
    shared_class_token: bool = False
    mask_blank: bool = True

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ValueError(f"size is {self.size!r}, expected one of {', '.join(SIZES)}")
        if not self.views:
            raise ValueError("views is empty, expected one at least")
        object.__setattr__(self, "views", tuple(self.views))

    @classmethod
    def former_values(cls) -> dict[str, Plain]:
        """Return what a checkpoint means that does not tell a setting: the default, as all later settings have one."""
        return {setting.name: getattr(cls(), setting.name) for setting in fields(cls)}

    @property
    def shape(self) -> Size:
        """How large the encoder is."""
        return SIZES[self.size]

    def to_plain(self) -> dict[str, Plain]:
        """Return plain values, for a checkpoint; ``EncoderSettings(**plain)`` makes the same again."""
        return {**asdict(self), "views": list(self.views)}


INITIAL_DEVIATION = 0.02  # of class tokens and view embeddings at the start (ViT)


class ImageTokens(NamedTuple):
    """What the encoder makes of N studies with V views of G by G patches.

    Attributes:
        study: (N, C), the mean of the present views' class tokens, or the shared one.
        patches: (N, V * G * G, C), view by view and row by row; zeros where ``mask`` is False.
        mask: (N, V * G * G) bool, True on patches of present views that are not blank.
        embedded: (N, V * G * G, C), the patches as they enter the first block.
    """

    study: Tensor
    patches: Tensor
    mask: Tensor
    embedded: Tensor


class ImageEncoder(nn.Module):
    """ViT with MoVE blocks over the tokens of one or more views (Med-ST, Section 3.1).

    Projection of the patches and their positions are shared by all views. By default every view has a class token
    and an embedding of its own; with the published, shared class token nothing but the expert tells the views apart.
    Patches that do not count (absent views, blank patches) are never keys of the attention. Positions blank in all
    studies and views of a batch are not computed, unless a compiler traces: how many are left depends on the values,
    which would break its graph.

    Args:
        settings: size, views V and switches.
        shape: another size than those that have a name.

    Attributes:
        grid: G, patches along an edge of a view.
    """

    def __init__(self, settings: EncoderSettings, shape: Size | None = None) -> None:
        super().__init__()
        from monai.networks.blocks import PatchEmbeddingBlock  # other networks are used without MONAI

        shape = shape or settings.shape
        self.patch_size = shape.patch_size
        self.width = shape.width
        self.views = len(settings.views)
        self.shared_class_token = settings.shared_class_token
        self.mask_blank = settings.mask_blank
        self.grid = shape.image_size // shape.patch_size
        class_tokens = 1 if settings.shared_class_token else self.views

        self.patch_embedding = PatchEmbeddingBlock(
            PROJECTIONS, shape.image_size, shape.patch_size, shape.width, shape.heads, spatial_dims=2
        )
        self.class_tokens = nn.Parameter(_small(class_tokens, shape.width))
        self.view_embedding = nn.Parameter(_small(self.views, shape.width)) if not settings.shared_class_token else None
        self.blocks = nn.ModuleList(
            view_expert_block(
                shape.width,
                shape.heads,
                self.views,
                shared_experts=settings.shared_experts,
                shared_class_token=settings.shared_class_token,
            )
            for _ in range(shape.depth)
        )
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, views: Tensor, present: Tensor) -> ImageTokens:
        """Encode the views of N studies.

        Args:
            views: (N, V, 3, S, S) in [0, 1].
            present: (N, V) bool; what an absent view's pixels are does not matter. Each study needs one view at least.
        """
        studies = views.shape[0]
        mask = self._counting(views, present)  # (N, V, P)
        embedded = self.patch_embedding(views.flatten(0, 1)).unflatten(0, (studies, self.views))  # (N, V, P, C)
        if self.view_embedding is not None:
            embedded = embedded + self.view_embedding[:, None]
        used = self._used(mask)  # (U,), positions that count anywhere

        kept, kept_mask = embedded[:, :, used], mask[:, :, used]  # (N, V, U, C), (N, V, U)
        class_tokens = self.class_tokens.expand(studies, -1, -1)  # (N, 1 or V, C)
        if self.shared_class_token:
            tokens = torch.cat([class_tokens, kept.flatten(1, 2)], dim=1)  # (N, 1 + V * U, C)
            keys = F.pad(kept_mask.flatten(1, 2), [1, 0], value=1.0)  # (N, 1 + V * U)
        else:
            tokens = torch.cat([class_tokens.unsqueeze(2), kept], dim=2).flatten(1, 2)  # (N, V * (1 + U), C)
            keys = torch.cat([present.unsqueeze(2), kept_mask], dim=2).flatten(1, 2)  # (N, V * (1 + U))
        for block in self.blocks:
            tokens = block(tokens, attn_mask=keys[:, None, None])
        tokens = self.norm(tokens)

        if self.shared_class_token:
            study = tokens[:, 0]  # (N, C)
            kept = tokens[:, 1:].unflatten(1, (self.views, -1))  # (N, V, U, C)
        else:
            by_view = tokens.unflatten(1, (self.views, -1))  # (N, V, 1 + U, C)
            weight = present / present.sum(dim=1, keepdim=True)  # (N, V)
            study = (by_view[:, :, 0] * weight.unsqueeze(2)).sum(dim=1)  # (N, C)
            kept = by_view[:, :, 1:]
        kept = torch.where(kept_mask.unsqueeze(3), kept, torch.zeros_like(kept))
        patches = torch.zeros_like(embedded).index_copy(2, used, kept)  # (N, V, P, C)
        return ImageTokens(study, patches.flatten(1, 2), mask.flatten(1, 2), embedded.flatten(1, 2))

    def _used(self, mask: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            return torch.arange(mask.shape[2], device=mask.device)
        return torch.nonzero(mask.flatten(0, 1).any(dim=0))[:, 0]

    def _counting(self, views: Tensor, present: Tensor) -> Tensor:
        """Return (N, V, P), True on the patches that count."""
        if not self.mask_blank:
            return present.unsqueeze(2).expand(-1, -1, self.grid * self.grid)
        brightest = F.max_pool2d(views.flatten(0, 1).amax(dim=1, keepdim=True), self.patch_size)  # (N * V, 1, G, G)
        seen = (brightest > 0).flatten(1).unflatten(0, (views.shape[0], self.views))  # (N, V, P)
        return seen & present.unsqueeze(2)


def _small(rows: int, width: int) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(rows, width), std=INITIAL_DEVIATION)
