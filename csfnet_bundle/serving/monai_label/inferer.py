"""The call of the network for one request."""

from __future__ import annotations

from typing import Any

import torch
from monai.inferers import Inferer

from csfnet_bundle.prediction.forward import run_network
from csfnet_bundle.serving.monai_label.inputs import carried_inputs


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
