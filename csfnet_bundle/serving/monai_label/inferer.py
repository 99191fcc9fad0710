"""The call of the network for one request; its clinical inputs travel with the image, all that the engine hands on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.data import MetaTensor
from monai.inferers import Inferer
from monai.transforms import Transform

from csfnet_bundle.prediction.forward import run_network

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


class FollowUpInferer(Inferer):
    """Call the network with what the image carries (see :class:`csfnet_bundle.serving.monai_label.CarryInputsd`)."""

    def __call__(self, inputs: torch.Tensor, network: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return ``logits`` (1, 2) and, from a network that has one, the ``attention`` map (1, d, h, w).

        Args:
            inputs: the image (1, 2, D, H, W) with its clinical inputs.
            network: a torch.nn.Module in evaluation mode.
            args: not used.
            kwargs: not used.
        """
        carried = carried_inputs(inputs)
        image = inputs.as_tensor()  # type: ignore[attr-defined]  # a plain tensor (1, 2, D, H, W)
        output = run_network(network, image, carried["clinical"], carried["interval_days"], details=True)
        answer = {"logits": output.logits}
        if output.attention is not None:
            answer["attention"] = output.attention
        return answer
