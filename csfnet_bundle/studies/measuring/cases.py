"""The nodules that measuring is tested on, each with what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.nodule.cube import Cube


@dataclass(frozen=True)
class Loaded:
    """One cube with its truth.

    Attributes:
        cube: what is measured.
        true_volume_mm3: the volume; NaN where it is not known.
        true_mask: the nodule's voxels, shape (D, H, W); None where they are not known.
    """

    cube: Cube
    true_volume_mm3: float
    true_mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Case:
    """One measurement to make.

    Attributes:
        part: of the study.
        name: unique within the part.
        load: makes the cube, when its turn comes.
        about: what tables group by.
        clicks: whether it is also measured from eight clicks around.
        patient: whose nodule it is; empty for a drawn one.
    """

    part: str
    name: str
    load: Callable[[], Loaded]
    about: Mapping[str, object] = field(default_factory=dict)
    clicks: bool = False
    patient: str = ""
