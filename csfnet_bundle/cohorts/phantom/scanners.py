"""The scanners of the phantom cohort and how each of them acquires: makers, models and kernels as frequent in NLST."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SAME_SCANNER_SHARE = 0.8
"""How often a participant comes back to the same scanner and kernel."""
PIXEL_SPACING = (0.6, 0.8)
FIELD_OF_VIEW_CHANGE = 0.02
"""Standard deviation of the pixel spacing's change between two scans of a participant, mm."""
REFERENCE_NOISE = 22.0
"""HU, for a soft kernel, 2.5 mm slices and 60 mA: what low-dose chest CT has in the lung."""
REFERENCE_THICKNESS = 2.5
REFERENCE_CURRENT = 60.0


@dataclass(frozen=True)
class Scanner:
    """A scanner with one way to reconstruct.

    Attributes:
        maker: DICOM Manufacturer.
        model: DICOM ManufacturerModelName.
        maker_code: the maker in NLST's SeriesDescription.
        model_code: the model in NLST's SeriesDescription.
        kernel: DICOM ConvolutionKernel.
        thickness: SliceThickness in mm; slices follow each other without gap or overlap.
        sharpness: standard deviation of the in-plane point spread, mm.
        noise_factor: noise against a soft kernel's.
        noise_grain: standard deviation of the filter that correlates the noise in plane, mm.
        share: how often it is drawn, relative to the others.
    """

    maker: str
    model: str
    maker_code: str
    model_code: str
    kernel: str
    thickness: float
    sharpness: float
    noise_factor: float
    noise_grain: float
    share: float

    def with_other_kernel(self) -> Scanner:
        """Return the same scanner with a sharp kernel, as the second reconstruction of an NLST exam often is."""
        kernel = {"GE": "BONE", "SE": "B50f", "TO": "FC51"}[self.maker_code]
        return replace(self, kernel=kernel, sharpness=0.35, noise_factor=1.7, noise_grain=0.35)


SCANNERS = (
    Scanner("GE MEDICAL SYSTEMS", "LightSpeed QX/i", "GE", "LSQX", "STANDARD", 2.5, 0.5, 1.0, 0.6, 0.30),
    Scanner("GE MEDICAL SYSTEMS", "LightSpeed16", "GE", "LS16", "STANDARD", 1.25, 0.5, 1.0, 0.6, 0.20),
    Scanner("GE MEDICAL SYSTEMS", "LightSpeed Plus", "GE", "LSPLUS", "LUNG", 2.5, 0.38, 1.5, 0.4, 0.10),
    Scanner("SIEMENS", "Sensation 16", "SE", "SEN16", "B30f", 2.0, 0.5, 1.0, 0.65, 0.20),
    Scanner("SIEMENS", "Volume Zoom", "SE", "VZOOM", "B50f", 2.0, 0.38, 1.5, 0.4, 0.12),
    Scanner("TOSHIBA", "Aquilion", "TO", "AQUL4", "FC51", 2.0, 0.42, 1.3, 0.45, 0.08),
)


@dataclass(frozen=True)
class Acquisition:
    """How one scan of one subject was taken.

    Attributes:
        scanner: the scanner and its reconstruction.
        pixel_spacing: mm, both in-plane axes.
        tube_voltage: kVp.
        tube_current: mA.
        noise: standard deviation of the noise in HU.
        table_height: mm, for the header.
        shift: where the patient's middle lies in scanner coordinates, LPS mm.
        rotation: the patient's turn about the long axis, radians.
        field_offset: where the field of view's middle lies relative to the nodule, LPS mm.
    """

    scanner: Scanner
    pixel_spacing: float
    tube_voltage: int
    tube_current: int
    noise: float
    table_height: float
    shift: tuple[float, float, float]
    rotation: float
    field_offset: tuple[float, float, float]


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner by its share."""
    shares = np.array([scanner.share for scanner in SCANNERS])
    return SCANNERS[rng.choice(len(SCANNERS), p=shares / shares.sum())]


def draw_acquisition(scanner: Scanner, spacing: float, rng: np.random.Generator) -> Acquisition:
    """Draw what varies from scan to scan.

    Args:
        scanner: the scanner in use.
        spacing: the participant's usual pixel spacing in mm, which follows from the body's width.
        rng: a stream of its own for each scan.
    """
    current = int(rng.choice([40, 50, 60, 70, 80]))
    dose_factor = np.sqrt(REFERENCE_THICKNESS / scanner.thickness * REFERENCE_CURRENT / current)
    return Acquisition(
        scanner=scanner,
        pixel_spacing=float(np.round(np.clip(spacing + rng.normal(0, FIELD_OF_VIEW_CHANGE), *PIXEL_SPACING), 6)),
        tube_voltage=int(rng.choice([120, 140], p=[0.9, 0.1])),
        tube_current=current,
        noise=float(REFERENCE_NOISE * scanner.noise_factor * dose_factor * rng.uniform(0.85, 1.15)),
        table_height=float(np.round(rng.uniform(120, 170), 1)),
        shift=(float(rng.normal(0, 8)), float(rng.normal(-10, 8)), float(rng.uniform(-260, -120))),
        rotation=float(rng.normal(0, np.radians(1.5))),
        field_offset=(float(rng.uniform(-12, 12)), float(rng.uniform(-12, 12)), float(rng.uniform(-8, 8))),
    )
