"""``--device``: which processor the networks of a command run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from csfnet_bundle.core.devices import device_number
from csfnet_bundle.core.errors import BundleError

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable by which CUDA, and so this process and all that it starts, sees only some of the GPUs."""


@contextmanager
def on_device(name: str | None) -> Iterator[None]:
    """Let this process and those that it starts see only one device; without a name they choose for themselves.

    Every network of the bundle runs on the first GPU that is seen, else on the CPU. CUDA reads the variable when it is
    first used, therefore nothing may have used a GPU before.

    Args:
        name: ``cpu``, ``cuda`` or ``cuda:N``, the N-th of the GPUs seen before.

    Raises:
        BundleError: another name, or no such GPU.
    """
    if name is None:
        yield
        return
    number = device_number(name, "--device") or 0
    before = os.environ.get(VISIBLE)
    seen = before.split(",") if before else None
    if seen is not None and name != "cpu" and number >= len(seen):
        raise BundleError(f"there is no device {name}", remedy=f"{VISIBLE} is {before}.")
    os.environ[VISIBLE] = "" if name == "cpu" else str(number) if seen is None else seen[number]
    try:
        if name != "cpu":
            _check_gpu(name)
        yield
    finally:
        del os.environ[VISIBLE]
        if before is not None:
            os.environ[VISIBLE] = before


def _check_gpu(name: str) -> None:
    import torch

    if not torch.cuda.is_available():
        raise BundleError(f"there is no device {name}", remedy="Name another one, or leave --device out.")
