"""Whether a pair has an earlier scan, as a token: for networks that also serve pairs without one."""

from __future__ import annotations

from torch import Tensor, nn

from csfnet_bundle.networks.clinical_embedding import TOKEN_WIDTH


def prior_present(image: Tensor) -> Tensor:
    """Tell which pairs of a batch have a prior scan: those whose two channels differ anywhere.

    A pair without t0 shows t1 in both channels, voxel for voxel. Two scans are never the same to the last bit: the
    noise of their voxels differs.

    Args:
        image: (B, 2, D, H, W), ROIs of t0 and t1.

    Returns:
        (B,) bool.
    """
    return (image[:, 0] != image[:, 1]).flatten(1).any(dim=1)


class PriorPresence(nn.Module):
    """One learned token for a pair with a prior scan, another for a pair without."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2, TOKEN_WIDTH)

    def forward(self, image: Tensor) -> Tensor:
        """Map the image (B, 2, D, H, W) to (B, 1, 128)."""
        return self.table(prior_present(image).long()).unsqueeze(1)
