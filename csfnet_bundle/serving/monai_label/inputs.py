"""The clinical inputs on their way through an engine that hands only the image to the network."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import Transform

CARRIED = ("clinical", "interval_days")


class CarryInputsd(Transform):
    """Make ``image`` a MetaTensor that carries ``clinical`` (6,) and ``interval_days`` () in its meta data.

    Nothing else stands there. MONAI Label's last step resizes the prediction to a ``spatial_shape`` if it finds one.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with that image."""
        image = torch.as_tensor(data["image"])
        plain = image.as_tensor() if isinstance(image, MetaTensor) else image
        return {**data, "image": MetaTensor(plain, meta={name: data[name] for name in CARRIED})}


def carried_inputs(image: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what an image (1, 2, D, H, W) carries, as a batch of one on its device: (1, 6) and (1,)."""
    if not isinstance(image, MetaTensor):
        raise TypeError(f"the image is a {type(image).__name__}; its pre-processing must end with CarryInputsd")
    return {name: torch.as_tensor(image.meta[name])[None].to(image.device) for name in CARRIED}
