"""Drawn nodules of exact volume: sizes, types, neighbours; clicks beside the centre; repeated scans; growth.

They come from the generator that also draws a third of the training's nodules, from seeds that training does not use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import numpy as np

from csfnet_bundle.nodule.cube import SIZE, Cube
from csfnet_bundle.nodule.network_input import SPACING_MM
from csfnet_bundle.studies.measuring.cases import Case, Loaded
from csfnet_bundle.training.measure.drawn import Drawing, draw, is_spiculated

PART, CLICK_PART, RETEST_PART, GROWTH_PART = "drawn", "clicks", "retest", "growth"
FIRST_SEED = 1_000_000
"""Training draws from 0."""
DIAMETERS_MM = (4.0, 6.0, 9.0, 13.0, 20.0)
TYPES = ("solid", "part-solid", "ground glass")
NEIGHBOURS = ("", "vessel", "wall")
REPEATS = 3
"""Nodules of each size, type and neighbour."""
CLICK_DISTANCES_MM = (2.0, 4.0)
GROWTH_RATIO = 1.5
PRESENT = 0.5
GLASS = 2
LEAST_RETEST_MM = 5.0
"""Smaller nodules are flagged, and ground glass gets no growth: neither is scanned again."""


def drawn_cases() -> list[Case]:
    """Return all cases: one scan of each nodule; of the solid ones clicks aside; of some a second scan and growth."""
    cases = []
    kinds = product(range(REPEATS), DIAMETERS_MM, range(len(TYPES)), NEIGHBOURS)
    for number, (_, diameter, kind, beside) in enumerate(kinds):
        one = _Nodule(number, diameter, kind, beside)
        changes = kind != GLASS and diameter >= LEAST_RETEST_MM and not beside
        cases.append(one.case(PART, clicks=changes))
        if kind == 0 and not beside:
            cases += [one.case(CLICK_PART, click_mm=distance) for distance in CLICK_DISTANCES_MM]
        if changes:
            cases.append(one.case(RETEST_PART, scan=1, clicks=True))
            cases.append(one.case(GROWTH_PART, scan=1, ratio=GROWTH_RATIO, clicks=True))
    return cases


@dataclass(frozen=True)
class _Nodule:
    number: int
    diameter_mm: float
    kind: int
    beside: str

    def case(
        self, part: str, *, scan: int = 0, click_mm: float = 0.0, ratio: float = 1.0, clicks: bool = False
    ) -> Case:
        """Return one scan of it: which, the click so far off, the nodule so much larger, clicked nine times."""
        about = {
            "nodule": self.number,
            "diameter_mm": self.diameter_mm,
            "type": TYPES[self.kind],
            "beside": self.beside or "free",
            "spiculated": is_spiculated(FIRST_SEED + self.number),
            "click_mm": click_mm,
            "ratio": ratio,
        }
        name = f"{self.number}_{click_mm:g}"
        seed = FIRST_SEED + self.number
        load = partial(load_drawn, seed, self._diameter(ratio), self.kind, self.beside, scan, click_mm)
        return Case(part, name, load, about, clicks=clicks)

    def _diameter(self, ratio: float) -> float:
        return self.diameter_mm * float(ratio ** (1 / 3))


def load_drawn(seed: int, diameter: float, kind: int, beside: str, scan: int, click_mm: float) -> Loaded:
    """Draw and scan a nodule, with the click so far from its centre, in a direction that follows from the seed."""
    drawing = _drawing(seed, diameter, kind, beside)
    hu = drawing.scanned(np.random.default_rng([seed, 3, scan]))
    direction = np.random.default_rng([seed, 4]).normal(size=3)
    d, h, w = direction / np.linalg.norm(direction) * click_mm
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[3, 3] = 1
    cube = Cube(hu, np.ones(hu.shape, bool), affine, click=(float(d), float(h), float(w)))
    return Loaded(cube, drawing.volume_mm3, drawing.share >= PRESENT)


@lru_cache(maxsize=2)
def _drawing(seed: int, diameter: float, kind: int, beside: str) -> Drawing:
    return draw(seed, size=(SIZE,) * 3, diameter_mm=diameter, attenuation=kind, beside=beside)
