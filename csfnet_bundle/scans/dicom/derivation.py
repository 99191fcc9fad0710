"""What a series was made of: the scanner's own slices, or pictures computed from other slices.

ImageType says so in its first value (DICOM PS3.3, C.7.6.1.1.2), and makers name what they computed in the later ones;
Enhanced CT has VolumeBasedCalculationTechnique (C.8.16.2.1.4). The description counts only where ImageType does not
call the slices original.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Derivation(IntEnum):
    """How far the slices are from what the scanner measured; the smaller, the better."""

    ORIGINAL = 0
    UNKNOWN = 1
    DERIVED = 2
    PROJECTION = 3
    REFORMATTED = 4
    MAP = 5

    @property
    def is_plain(self) -> bool:
        """Whether each pixel is the HU of tissue at its place, so that the rule may choose the series by itself."""
        return self <= Derivation.DERIVED

    def __str__(self) -> str:
        return _NAMES[self]


_NAMES = {
    Derivation.ORIGINAL: "original slices",
    Derivation.UNKNOWN: "slices without ImageType",
    Derivation.DERIVED: "derived slices",
    Derivation.PROJECTION: "a projection or average over several slices",
    Derivation.REFORMATTED: "a reformatted or rendered copy",
    Derivation.MAP: "a material or parameter map",
}

_WORDS = {
    Derivation.MAP: r"IODINE|IOD|IODIN|WATER|CALCIUM|KALZIUM|URIC\w*|VNC\w*|VNU\w*|VUE|VIRTUAL.?NON.?CONTRAST"
    r"|MATERIAL\w*|MAT_\w+|EFF.?ATOMIC.?NUM\w*|EFF.?Z|Z.?EFF|RHO.?Z|RHO|ELECTRON.?DENSITY|PERF\w*|PBV|CBF|CBV|MTT"
    r"|TTP|TMAX|OVERLAY|FUS(?:ED|ION)|SUBTR\w*|\w*MAPS?|PARAMETRIC",
    Derivation.PROJECTION: r"MIPS?|MIN.?IPS?|MAX.?IPS?|MNIP|AVG.?IP|AIP|AVG|AVERAGED?|RAY.?SUM|PROJECTION\w*|SLAB",
    Derivation.REFORMATTED: r"C?MPRS?|CPR|CURVED\w*|REFORMAT\w*|VRT|VOLUME.?RENDER\w*|SURFACE.?RENDER\w*|SSD"
    r"|RENDER\w*|SCREEN.?SAVE\w*|SCREEN.?SHOT\w*|COLLAGE|MONTAGE",
}
_PATTERNS = {kind: re.compile(rf"(?:^|[^A-Z0-9])(?:{words})(?:$|[^A-Z0-9])") for kind, words in _WORDS.items()}
_TECHNIQUES = {
    "MAX_IP": Derivation.PROJECTION,
    "MIN_IP": Derivation.PROJECTION,
    "MPR": Derivation.REFORMATTED,
    "CURVED_MPR": Derivation.REFORMATTED,
    "VOLUME_RENDER": Derivation.REFORMATTED,
    "SURFACE_RENDER": Derivation.REFORMATTED,
}


@lru_cache(4096)
def derivation(image_type: str, calculation: str = "", description: str = "") -> Derivation:
    """Return what slices were made of.

    Args:
        image_type: ImageType or FrameType, its values separated by backslashes.
        calculation: VolumeBasedCalculationTechnique.
        description: SeriesDescription.
    """
    kind = _TECHNIQUES.get(calculation.upper()) or _named(image_type)
    if kind is not None:
        return kind
    first = image_type.upper().split("\\")[0].strip()
    if first == "ORIGINAL":
        return Derivation.ORIGINAL
    return _named(description) or (Derivation.DERIVED if first else Derivation.UNKNOWN)


@lru_cache(4096)
def is_described_as_computed(description: str) -> bool:
    """Whether a description names a projection, a reformatted copy or a map, whatever ImageType says."""
    return _named(description) is not None


def _named(text: str) -> Derivation | None:
    words = text.upper()
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(words)), None)
