"""The bootstrap over patients: whole patients are drawn, so nodules of one patient stay together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Enough that the ends of a 95 % interval move by about a twentieth of its width between seeds."""

SEED = 20240229
"""The seed of every interval unless another is named; results.json and metrics.json repeat it."""

CONFIDENCE = 0.95

NO_WIDTH = 1e-12
"""Resampled values this close are equal: each is a sum of weights that ends in another rounding."""

CHUNK_ELEMENTS = 2_000_000
"""Weights held at a time, 16 MB: the whole table of resamples would not fit for large cohorts."""


@dataclass(frozen=True)
class PatientResamples:
    """Seeded resamples of patients, with replacement, as weights of rows.

    Not stratified by label: a new sample of patients would not have our prevalence either.

    Attributes:
        patient_of_row: number of each row's patient, 0..patients-1, (N,); numbered in sorted order of the names, so
            that the order of the rows does not matter.
        patients: how many there are.
        resamples: how many resamples are drawn.
        seed: the seed.
    """

    patient_of_row: NDArray[np.intp]
    patients: int
    resamples: int = RESAMPLES
    seed: int = SEED

    @classmethod
    def of(cls, subjects: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> PatientResamples:
        """Number the patients of the rows' ``subjects``, (N,)."""
        names, patient_of_row = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
        return cls(patient_of_row, len(names), resamples, seed)

    def weights(self) -> Iterator[NDArray[np.float64]]:
        """Yield how often each row is drawn, (R', N) float64, until all resamples are given."""
        generator = np.random.default_rng(self.seed)
        chunk = max(1, CHUNK_ELEMENTS // max(self.patients, len(self.patient_of_row)))
        for start in range(0, self.resamples, chunk):
            size = min(chunk, self.resamples - start)
            drawn = generator.integers(0, self.patients, size=(size, self.patients))
            drawn += self.patients * np.arange(size)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=size * self.patients).reshape(size, self.patients)
            yield counts[:, self.patient_of_row].astype(np.float64)


def percentile_interval(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the percentile interval of resampled values, (R,), leaving out those that are NaN (undefined there).

    NaN twice where fewer than two resamples are defined, or where all are equal (equal scores, an area of 1): that no
    resample differs is no certainty, and an interval of width 0 would claim it.
    """
    defined = values[np.isfinite(values)]
    if defined.size < 2 or np.ptp(defined) <= NO_WIDTH:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
