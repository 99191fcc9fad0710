"""How sharp a reconstruction kernel is, by its maker's name for it."""

from __future__ import annotations

import re
from enum import IntEnum


class Sharpness(IntEnum):
    """Sharpness of a kernel; smaller is softer."""

    SOFT = 0
    UNKNOWN = 1
    SHARP = 2


SIEMENS_SHARP_FROM = 46
"""Siemens numbers its kernels by sharpness: B10 to B45 are for soft tissue, from B46 on for bone and lung."""

TOSHIBA_SOFT_BELOW = 30
"""Toshiba and Canon: FC01 to FC29 are for soft tissue, FC30 to FC39 for bone, from FC50 on for lung."""

_SOFT_NAMES = frozenset(("SOFT", "STANDARD", "STND", "A", "B", "SMOOTH"))
"""GE (SOFT, STANDARD) and Philips (A, B, SMOOTH)."""

_SHARP_NAMES = frozenset(
    ("BONE", "BONEPLUS", "LUNG", "DETAIL", "EDGE", "ULTRA", "C", "D", "E", "L", "YA", "YB", "YC", "YD", "SHARP")
)
"""GE (BONE, LUNG, DETAIL, EDGE) and Philips (C, D, E, L, YA to YD)."""

_SIEMENS = re.compile(r"(?:B|BR|BF|BL|I|D|H|HR|QR|T|U|E|P|S|V|AA|AB)\s?(\d{2})[A-Z]?(?:[\s\\\-].*)?")
_TOSHIBA = re.compile(r"FC\s?(\d{2})(?:[\s\\\-].*)?")


def kernel_sharpness(kernel: str, manufacturer: str = "") -> Sharpness:
    """Return how sharp a kernel is.

    Args:
        kernel: ConvolutionKernel; of several values the first counts.
        manufacturer: Manufacturer; only needed where two makers share a name.
    """
    name = kernel.upper().split("\\")[0].strip()
    toshiba = _TOSHIBA.fullmatch(name)
    if toshiba:
        return Sharpness.SOFT if int(toshiba[1]) < TOSHIBA_SOFT_BELOW else Sharpness.SHARP
    siemens = _SIEMENS.fullmatch(name)
    if siemens and "PHILIPS" not in manufacturer.upper():
        return Sharpness.SHARP if int(siemens[1]) >= SIEMENS_SHARP_FROM else Sharpness.SOFT
    if name in _SOFT_NAMES:
        return Sharpness.SOFT
    return Sharpness.SHARP if name in _SHARP_NAMES else Sharpness.UNKNOWN
