"""Laying the later chest on the earlier one: centroids of the lungs, then a rigid, then an affine transform.

SimpleITK does the work (mean squares over the lungs of the later scan and what surrounds them). One thread and a fixed
seed, so that the result is the same to the bit wherever it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.lungs import Lungs
from csfnet_bundle.scans.thinned import LOWEST_HU, THINNED_MM, ThinnedScan

MARGIN_MM = 12.0
"""What of the chest wall around the lungs counts for the alignment: the ribs' inside, not the arms."""

SHRINK, SMOOTHING_MM = (4, 2, 1), (6.0, 3.0, 0.0)
"""Three levels, coarse to fine."""

SAMPLES, SEED = 0.25, 1
"""Share of the voxels that are compared, on a regular pattern, and the seed of its jitter."""

ITERATIONS, FIRST_STEP_MM, LAST_STEP_MM = 60, 4.0, 0.05
"""Of the regular-step gradient descent, at each level."""

LARGEST_RMS_HU, SMALLEST_DICE = 340.0, 0.82
"""A prior that fits worse is another patient's, or not of the lungs. Chosen on the two series of docs/matching.md,
where the margin is thin; the stretch and the vote of the neighbours are further guards."""

LARGEST_STRETCH = 1.25
"""Factor along any direction, or its inverse, above which one chest is not the other a year later: deep breath adds a
fifth to the lungs' height and less to their width. On those series 1.1 within a patient and 1.34 between the two."""


OTHER_STARTS_MM = (-20.0, 20.0)
"""Where chests do not fit, the registration starts again so far along z from the centroids, which lie elsewhere where a
scan lacks an apex or a base: a descent of 4 mm a step at times runs into a chest that is turned and squeezed."""


@dataclass(frozen=True)
class Alignment:
    """How the later chest lies on the earlier one.

    Attributes:
        matrix: (4, 4) from LPS mm in t1 to LPS mm in t0.
        rms_hu: root mean square of the difference in the lungs of t1 dilated by :data:`MARGIN_MM`, HU.
        dice: overlap of the closed lungs where both scans have voxels, 0 to 1.
    """

    matrix: NDArray[np.float64]
    rms_hu: float
    dice: float

    @property
    def stretch(self) -> float:
        """Largest factor by which a length changes, or its inverse where that is larger; at least 1."""
        factors = np.linalg.svd(self.matrix[:3, :3], compute_uv=False)
        return float(max(factors.max(), 1 / factors.min()))

    @property
    def fits(self) -> bool:
        """Whether both may be one patient's chest."""
        return self.rms_hu <= LARGEST_RMS_HU and self.dice >= SMALLEST_DICE and self.stretch <= LARGEST_STRETCH


def align(
    scan0: ThinnedScan, lungs0: Lungs, scan1: ThinnedScan, lungs1: Lungs, *, series: str = "", record: str = ""
) -> Alignment:
    """Find the affine transform that takes the chest of t1 to t0.

    Args:
        scan0: t0, thinned.
        lungs0: its lungs.
        scan1: t1, thinned.
        lungs1: its lungs.
        series: of t0, for the refusal.
        record: which pair, for the refusal.

    Raises:
        Refusal: ``PRIOR_NOT_ALIGNED``: the two do not fit on each other.
    """
    alignment = _registered(0.0, scan0, lungs0, scan1, lungs1)
    if not alignment.fits:
        others = [_registered(start, scan0, lungs0, scan1, lungs1) for start in OTHER_STARTS_MM]
        fitting = [one for one in others if one.fits]
        alignment = min(fitting, key=lambda one: one.rms_hu) if fitting else alignment
    rms, dice, stretch = alignment.rms_hu, alignment.dice, alignment.stretch
    if not alignment.fits:
        raise Refusal(
            RefusalCode.PRIOR_NOT_ALIGNED,
            f"the chest of t1 does not fit on that of t0: {rms:.0f} HU apart, lungs overlap by {dice:.2f} (Dice), "
            f"stretched {stretch:.2f}-fold; at most {LARGEST_RMS_HU:.0f} HU, at least {SMALLEST_DICE:.2f} and at most "
            f"{LARGEST_STRETCH:.2f}-fold are expected",
            series=series,
            record=record,
            figures={
                "rms_hu": round(rms, 1),
                "dice": round(dice, 4),
                "stretch": round(stretch, 3),
                "largest_rms_hu": LARGEST_RMS_HU,
                "smallest_dice": SMALLEST_DICE,
                "largest_stretch": LARGEST_STRETCH,
            },
            remedy="Check that both scans are of one patient; if they are, give the nodule's place in t0 by --point0.",
        )
    return alignment


def _registered(start_mm: float, scan0: ThinnedScan, lungs0: Lungs, scan1: ThinnedScan, lungs1: Lungs) -> Alignment:
    matrix = _register(start_mm, scan0, lungs0, scan1, lungs1)
    return Alignment(matrix, *_fit(matrix, scan0, lungs0, scan1, lungs1))


def _register(
    start_mm: float, scan0: ThinnedScan, lungs0: Lungs, scan1: ThinnedScan, lungs1: Lungs
) -> NDArray[np.float64]:
    import SimpleITK

    sitk = SimpleITK
    fixed, moving = _image(scan1.array, scan1), _image(scan0.array, scan0)
    fixed_mask = _image(((lungs1.distance_mm <= MARGIN_MM) & scan1.in_scan).astype(np.uint8), scan1)
    moving_mask = None if scan0.in_scan.all() else _image(scan0.in_scan.astype(np.uint8), scan0)
    rigid = sitk.Euler3DTransform()
    rigid.SetCenter(lungs1.centroid.tolist())
    rigid.SetTranslation((lungs0.centroid - lungs1.centroid + [0.0, 0.0, start_mm]).tolist())
    rigid = sitk.Euler3DTransform(_optimize(fixed, moving, fixed_mask, moving_mask, rigid))
    affine = sitk.AffineTransform(3)
    affine.SetCenter(rigid.GetCenter())
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    affine = sitk.AffineTransform(_optimize(fixed, moving, fixed_mask, moving_mask, affine))
    return _matrix(affine)


def _image(array: NDArray[np.generic], scan: ThinnedScan) -> Any:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(array)
    image.SetOrigin(scan.grid.affine[:3, 3].tolist())
    image.SetSpacing((THINNED_MM,) * 3)
    return image


def _optimize(fixed: Any, moving: Any, fixed_mask: Any, moving_mask: Any, start: Any) -> Any:
    import SimpleITK

    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    # Central differences at the samples alone; the filters would take the gradient of both whole images at each level.
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    method.SetMetricFixedMask(fixed_mask)
    if moving_mask is not None:
        method.SetMetricMovingMask(moving_mask)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLES, SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetShrinkFactorsPerLevel(list(SHRINK))
    method.SetSmoothingSigmasPerLevel(list(SMOOTHING_MM))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=FIRST_STEP_MM, minStep=LAST_STEP_MM, numberOfIterations=ITERATIONS, relaxationFactor=0.5
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    with _one_thread():
        result = method.Execute(fixed, moving)
    return result.GetBackTransform() if isinstance(result, SimpleITK.CompositeTransform) else result


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let ITK use one thread: a registration's own number does not reach its metric, whose sums depend on it."""
    import SimpleITK

    usual = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(usual)


def _matrix(transform: Any) -> NDArray[np.float64]:
    """(4, 4) of an ITK affine transform: y = A (x - c) + t + c."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(transform.GetMatrix(), (3, 3))
    center = np.array(transform.GetCenter())
    matrix[:3, 3] = np.array(transform.GetTranslation()) + center - matrix[:3, :3] @ center
    return matrix


def _fit(
    matrix: NDArray[np.float64], scan0: ThinnedScan, lungs0: Lungs, scan1: ThinnedScan, lungs1: Lungs
) -> tuple[float, float]:
    """Root mean square difference around the lungs (HU), and Dice's coefficient of the lungs."""
    to_moving = np.linalg.inv(scan0.grid.affine) @ matrix @ scan1.grid.affine  # (d, h, w) of t1 to those of t0

    def carried(array: NDArray[np.generic], order: int, fill: float) -> NDArray[np.float32]:
        moved: NDArray[np.float32] = ndimage.affine_transform(
            array.astype(np.float32), to_moving[:3, :3], to_moving[:3, 3], scan1.array.shape, order=order, cval=fill
        )
        return moved

    both = scan1.in_scan & (carried(scan0.in_scan, 0, 0.0) > 0)
    near = both & (lungs1.distance_mm <= MARGIN_MM)
    difference = (scan1.array - carried(scan0.array, 1, LOWEST_HU))[near]
    lung0, lung1 = both & (carried(lungs0.mask, 0, 0.0) > 0), both & lungs1.mask
    total = int(lung0.sum()) + int(lung1.sum())
    rms = float(np.sqrt(np.mean(difference**2, dtype=np.float64))) if len(difference) else np.inf
    return rms, 2 * float((lung0 & lung1).sum()) / total if total else 0.0
