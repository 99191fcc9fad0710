"""Sizes of the networks."""

from __future__ import annotations

from typing import NamedTuple


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


def find_size(size: str) -> Size:
    """Return the size of that name.

    Raises:
        ValueError: there is none.
    """
    if size not in SIZES:
        raise ValueError(f"size is {size!r}, expected one of {', '.join(SIZES)}")
    return SIZES[size]
