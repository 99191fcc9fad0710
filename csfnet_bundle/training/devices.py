"""Whether a processor that networks shall run on is there, told before any work begins."""

from __future__ import annotations

import torch

from csfnet_bundle.core.devices import device_number
from csfnet_bundle.core.errors import BundleError


def check_device(name: str, option: str) -> None:
    """Check that a device is there.

    Args:
        name: ``cpu``, ``cuda`` or ``cuda:N``.
        option: that names it.

    Raises:
        BundleError: another name, or no such GPU.
    """
    number = device_number(name, option)
    if number is not None and number >= torch.cuda.device_count():
        raise BundleError(f"there is no device {name}", record=option, remedy="Name another one, or leave it out.")
