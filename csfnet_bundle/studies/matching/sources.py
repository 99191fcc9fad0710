"""The later scans of the trials: real series with readers' outlines, and phantoms of whole chests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.followup import without_noise
from csfnet_bundle.cohorts.phantom.nodule import Nodule
from csfnet_bundle.cohorts.phantom.reader_masks import read_outlines
from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.scanner_noise import NoiseGrain, measure_grain, noise_slices
from csfnet_bundle.cohorts.phantom.streams import Purpose, stream
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.true_mask import true_mask
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.scan import open_scan
from csfnet_bundle.studies.matching.files import write_volume

PHANTOM_DIAMETERS = (4.0, 10.0)
"""mm: the nodules that screening finds, and that are hardest to see."""

PHANTOM_NOISE_HU = 25.0
"""Noise of the later phantom scan: low dose, soft kernel."""

PHANTOM_SEED = 40_000
"""Phantoms of the test; no phantom of this seed was looked at while thresholds were chosen."""

PARENCHYMA_BELOW_HU = -500.0
"""Places of the trials lie in air-filled lung, not in the heart's shadow that the closed mask bridges."""

ATTENUATIONS = ("solid", "part-solid", "ground-glass")


@dataclass(frozen=True)
class KnownNodule:
    """A nodule of a source.

    Attributes:
        mask: its voxels, shape (I, J, K).
        center: LPS mm, shape (3,).
        diameter_mm: mean diameter.
        attenuation: solid, part-solid or ground-glass; "not rated" where nobody said.
    """

    mask: NDArray[np.bool_] = field(repr=False)
    center: NDArray[np.float64]
    diameter_mm: float
    attenuation: str


@dataclass(frozen=True)
class Source:
    """A later scan.

    Attributes:
        name: for results.
        path: the scan as the matching reads it.
        smooth: the scan without noise.
        grain: of its noise.
        nodules: what is in it.
    """

    name: str
    path: Path
    smooth: Volume = field(repr=False)
    grain: NoiseGrain = field(repr=False)
    nodules: Sequence[KnownNodule]


def real_source(path: Path, outlines: Path) -> Source:
    """Open a real series with its readers' outlines.

    Args:
        path: folder of the DICOM series.
        outlines: JSON as :func:`csfnet_bundle.cohorts.phantom.reader_masks.read_outlines` reads it.

    Raises:
        BundleError: no outlines of this series.
        Refusal: a series that cannot be read right.
    """
    scan = open_scan(path)
    smooth, grain = without_noise(scan.read_volume())
    nodules = [
        KnownNodule(nodule.mask, (scan.affine @ [*nodule.center, 1.0])[:3], nodule.diameter_mm, "not rated")
        for nodule in read_outlines(outlines, scan.name, scan.affine, scan.shape)
    ]
    return Source(path.name, path, smooth, grain, nodules)


@dataclass(frozen=True)
class TrialSubject(Subject):
    """A phantom subject with a nodule of a size and attenuation that the trials ask for."""

    def nodule(self, screen: int) -> Nodule:
        """Return the nodule; the same at every screen: what changes is the trial's."""
        rng = stream(self.seed, self.number, Purpose.SHAPE, 1)
        diameter = float(rng.uniform(*PHANTOM_DIAMETERS))
        return Nodule(self.shape, diameter, float(rng.uniform(0, 0.5)), self.number % len(ATTENUATIONS))


def phantom_source(number: int, folder: Path) -> Source:
    """Render a whole chest, and write it with noise into ``folder``."""
    subject = TrialSubject(PHANTOM_SEED, number)
    scan = render_scan(subject, 1, Region.CHEST, noiseless=True)
    smooth = scan.volume
    noisy, grain = _with_noise(smooth, np.random.default_rng([PHANTOM_SEED, number]))
    path = write_volume(noisy, folder / f"phantom{number}_t1.nii")
    nodule = subject.nodule(1)
    mask = true_mask(nodule, scan.nodule, scan.acquisition.rotation, smooth)
    known = KnownNodule(mask, scan.nodule, nodule.diameter, ATTENUATIONS[nodule.attenuation])
    return Source(f"phantom{number}", path, smooth, grain, [known])


def _with_noise(smooth: Volume, rng: np.random.Generator) -> tuple[Volume, NoiseGrain]:
    """Lay noise on, of the grain that filtered white noise has."""
    white = rng.standard_normal((256, 256, 8)).astype(np.float32)
    grain = measure_grain(white)
    array = smooth.array.copy()
    for k, noise in zip(range(array.shape[2]), noise_slices(grain, array.shape[:2], rng), strict=False):
        array[:, :, k] += PHANTOM_NOISE_HU * noise
    return Volume(array, smooth.affine), grain
