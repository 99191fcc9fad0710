"""A phantom subject: its number gives everything else, from the seed of the cohort."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.anatomy import Chest, Outline, draw_chest, draw_outline
from csfnet_bundle.cohorts.phantom.label_model import DAYS_PER_YEAR, STEADY, draw_latents, shift_for_prevalence
from csfnet_bundle.cohorts.phantom.nodule import Nodule, NoduleShape, draw_shape
from csfnet_bundle.cohorts.phantom.scanners import (
    PIXEL_SPACING,
    SAME_SCANNER_SHARE,
    Acquisition,
    Scanner,
    draw_acquisition,
    draw_scanner,
)
from csfnet_bundle.cohorts.phantom.streams import Purpose, stream

ACRIN_SHARE = 0.11
"""NLST participants whose identifier begins with 2 (ACRIN); the others begin with 1 (LSS)."""
DATES = tuple(f"{year}0102" for year in range(1999, 2007))
"""NLST's fictitious study dates of T0, T1, T2, and on in the same way for phantoms with more screens."""
FIRST_SCREEN_DAYS = (5, 60)
INTERVAL_SPREAD = 12.0
"""Standard deviation of a yearly interval, days."""
INTERVAL_LIMITS = (330, 400)
YOUNGEST = 55
YEARS_PER_BIN = 5
RACE_CODES, SEX_CODES, READ_CODES = (1, 2, 3), (1, 2), (2, 3, 4)
"""NLST codes of the label model's levels: White, Black, Asian; male, female; and for scr_res0 and scr_iso0 negative
with minor abnormalities, negative with significant abnormalities, positive."""
CLICK_RADIUS = 1.0
"""mm. A reader's click misses the nodule's centre by up to this."""


@dataclass(frozen=True)
class Subject:
    """One phantom subject.

    Attributes:
        seed: the cohort's seed.
        number: 0, 1, 2, ... within the cohort.
        screens: yearly screens.
        prevalence: share of malignant nodules of the cohort; None is the label model's own.
        later_growth: after the second screen, of :data:`csfnet_bundle.cohorts.phantom.label_model.LATER_GROWTHS`.
    """

    seed: int
    number: int
    screens: int = 2
    prevalence: float | None = None
    later_growth: str = STEADY

    @cached_property
    def latents(self) -> pd.Series[float]:
        """The drawn quantities and the label, see :func:`csfnet_bundle.cohorts.phantom.label_model.draw_latents`."""
        rng = stream(self.seed, self.number, Purpose.LATENTS)
        shift = shift_for_prevalence(self.prevalence)
        drawn = draw_latents(1, rng, screens=self.screens, intercept_shift=shift, later_growth=self.later_growth)
        return drawn.iloc[0]

    @property
    def label(self) -> int:
        """1 malignant, 0 benign."""
        return int(self.latents["label"])

    @cached_property
    def patient_id(self) -> str:
        """Six digits as in NLST, unique within the cohort."""
        first = 2 if stream(self.seed, self.number, Purpose.RECORD, 1).random() < ACRIN_SHARE else 1
        return f"{first}{self.number + 1:05d}"

    @cached_property
    def screen_days(self) -> tuple[int, ...]:
        """True days from randomization to each screen."""
        rng = stream(self.seed, self.number, Purpose.RECORD, 2)
        days = [int(rng.integers(*FIRST_SCREEN_DAYS))]
        for _ in range(1, self.screens):
            days.append(days[-1] + int(np.clip(np.rint(rng.normal(DAYS_PER_YEAR, INTERVAL_SPREAD)), *INTERVAL_LIMITS)))
        return tuple(days)

    @cached_property
    def clinical(self) -> dict[str, int]:
        """The six clinical variables as NLST codes."""
        latents = self.latents.astype(int)
        year = int(stream(self.seed, self.number, Purpose.RECORD, 3).integers(YEARS_PER_BIN))
        return {
            "race": RACE_CODES[latents["race"]],
            "cigsmok": int(latents["smoker"]),
            "gender": SEX_CODES[latents["sex"]],
            "age": YOUNGEST + YEARS_PER_BIN * int(latents["age_bin"]) + year,
            "scr_res0": READ_CODES[latents["result"]],
            "scr_iso0": READ_CODES[latents["isolation"]],
        }

    @cached_property
    def outline(self) -> Outline:
        """The large shapes of the chest and the nodule's place, the same at every screen."""
        return draw_outline(stream(self.seed, self.number, Purpose.ANATOMY))

    @cached_property
    def chest(self) -> Chest:
        """The whole anatomy, the same at every screen; its vessels take a tenth of a second."""
        return draw_chest(self.outline, stream(self.seed, self.number, Purpose.ANATOMY, 1))

    @cached_property
    def shape(self) -> NoduleShape:
        """What the nodule keeps from screen to screen."""
        return draw_shape(stream(self.seed, self.number, Purpose.SHAPE))

    def nodule(self, screen: int) -> Nodule:
        """Return the nodule at a screen (0, 1, ...).

        Its size is the label model's, after exactly so many years: the days by which an interval departs from a year
        would change a diameter by a hundredth.
        """
        return Nodule(
            shape=self.shape,
            diameter=float(self.latents[f"diameter_t{screen}"]),
            spiculation=float(self.latents[f"spiculation_t{screen}"]),
            attenuation=int(self.latents["attenuation"]),
        )

    def nodules(self, screen: int) -> list[tuple[Nodule, NDArray[np.float64]]]:
        """Return all nodules of a screen with their centres, anatomy mm, shape (3,)."""
        return [(self.nodule(screen), self.outline.nodule)]

    @cached_property
    def scanners(self) -> tuple[Scanner, ...]:
        """The scanner of each screen; most participants come back to the same."""
        scanners: list[Scanner] = []
        for screen in range(self.screens):
            rng = stream(self.seed, self.number, Purpose.SCANNER, screen)
            drawn, stays = draw_scanner(rng), rng.random() < SAME_SCANNER_SHARE
            scanners.append(scanners[0] if scanners and stays else drawn)
        return tuple(scanners)

    def acquisition(self, screen: int) -> Acquisition:
        """Return how the scan of a screen was taken."""
        spacing = float(stream(self.seed, self.number, Purpose.POSITION).uniform(*PIXEL_SPACING))
        rng = stream(self.seed, self.number, Purpose.POSITION, 1 + screen)
        return draw_acquisition(self.scanners[screen], spacing, rng)

    def click(self, screen: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return by how much the reader's point misses the nodule's centre, mm, shape (3,)."""
        rng = stream(self.seed, self.number, Purpose.CLICK, screen)
        direction = rng.normal(size=3)
        return direction / np.linalg.norm(direction) * CLICK_RADIUS * rng.random() ** (1 / 3)
