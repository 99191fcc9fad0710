"""Names of processors that networks run on."""

from __future__ import annotations

import re

from csfnet_bundle.core.errors import BundleError

DEVICE = re.compile(r"cpu|cuda(?::(\d+))?")


def device_number(name: str, option: str) -> int | None:
    """Return the number of a GPU, None for the CPU.

    Raises:
        BundleError: the name is none.
    """
    match = DEVICE.fullmatch(name)
    if match is None:
        raise BundleError(f"{option} is {name!r}, expected cpu, cuda or cuda:N")
    return None if name == "cpu" else int(match[1] or 0)
