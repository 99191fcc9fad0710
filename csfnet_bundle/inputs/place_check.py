"""Whether a point can be a lung nodule's: what lies around it, judged before a network sees the ROI.

A network answers anything: on air outside of the body, or on the chest wall, with a probability like any other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.geometry.resample import sample_grid
from csfnet_bundle.inputs.cropped import NOT_CHECKED, is_cropped
from csfnet_bundle.inputs.locating import FindSeries, LocatedScan, locate_pair
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.point_check import distance_to_lungs
from csfnet_bundle.scans.presence import LEAST_CONTRAST_HU, core_contrast

REACH_MM = 30.0
"""Within this distance of a nodule there is lung: the largest nodules measure 30 mm across."""
STEP_MM = 2.0
"""Of the cube in which lung is looked for."""
LUNG_HU = (-960.0, -600.0)
"""Mean of a neighbourhood of lung: air outside of the body lies below, fat and soft tissue above."""
LUNG_SPREAD_HU = 150.0
"""Largest standard deviation in a neighbourhood of lung: the border of skin and air has lung's mean, and three times
this spread."""
LEAST_LUNG_VOXELS = 20
"""Of the cube's 30,000, at 8 mm3 each: fewer are partial volume."""
AIR_HU = -900.0
AIR_PERCENTILE = 99.0
"""A ROI is all air if this percentile lies below :data:`AIR_HU`: the vessels of emphysematous lung lie above it."""
TISSUE_HU = -300.0
TISSUE_SHARE = 0.85
"""A point with that share of tissue within 15 mm lies in the wall or the mediastinum, not at a nodule."""
NEAR_MM = 15.0
BESIDE_LUNG_MM = 10.0
"""How far outside of the closed lungs, known at 4 mm, the centre of a nodule at the pleura may lie."""
TOUCHING_MM = 2.0
"""Half a voxel of the grid on which the lungs are known."""
OUTSIDE_OF_LUNGS = "outside of the lungs"
"""Ends what is said of a place that is not in them."""


@share("check")
def check_places(
    pair: FollowUpPair,
    folder: Path,
    centers: NDArray[np.float64],
    *,
    one_scan: bool,
    lungs: bool = True,
    find_series: FindSeries = dicom.scan_folder,
) -> tuple[str, ...]:
    """Return what speaks against the points of a pair being those of a nodule, one sentence each.

    Args:
        pair: the pair.
        folder: the datalist's folder.
        centers: (2, 3), where its points lie in t0 and t1, LPS mm (:attr:`csfnet_bundle.inputs.PairRois.centers`).
        one_scan: accept a pair without t0.
        lungs: also look for the lungs in the whole scan, a third of a second each.
        find_series: how the series in a folder are found.

    Raises:
        Refusal: ``NO_LUNG_AT_POINT``, or as :func:`csfnet_bundle.inputs.locate_pair`; the message names the pair.
    """
    findings: list[str] = []
    try:
        scans = locate_pair(pair, folder, one_scan=one_scan, find_series=find_series)
        for name, scan, center in zip(("t0", "t1"), scans, centers, strict=True):
            if scan is not None:
                found = (*check_place(scan, center), *(check_in_lungs(scan, center) if lungs else ()))
                findings += [f"{name}: {text}" for text in found]
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None
    return tuple(findings)


def check_place(scan: LocatedScan, center: NDArray[np.float64]) -> tuple[str, ...]:
    """Return what speaks against a place of a scan being that of a nodule.

    Args:
        scan: the scan.
        center: the place, LPS mm, (3,).

    Raises:
        Refusal: ``NO_LUNG_AT_POINT``: the point lies in air, or there is no lung within 30 mm in a scan that is not
            cropped; or as reading the ROI.
    """
    x, y, z = np.asarray(center, dtype=float).tolist()
    size = round(2 * REACH_MM / STEP_MM) + 1
    grid = RoiGrid((x, y, z), (size, size, size), (STEP_MM, STEP_MM, STEP_MM))
    block = scan.opened.read_block(grid)
    cube = sample_grid(block.array, block.affine, grid)  # (31, 31, 31)
    findings = []
    try:
        reject_without_lung(cube, (x, y, z), str(scan.path))
    except Refusal as refusal:
        if float(refusal.figures["percentile_hu"]) < AIR_HU or not is_cropped(scan.opened):  # type: ignore[arg-type]
            raise
        findings.append(f"{CHECK_POINT}: there is no lung within {REACH_MM:.0f} mm of it in the cropped scan.")
    contrast = core_contrast(block, np.array([x, y, z]))
    share = float((cube[_distance(size) <= NEAR_MM] > TISSUE_HU).mean())
    if share >= TISSUE_SHARE:
        findings.append(
            f"{CHECK_POINT}: {share:.0%} of what lies within {NEAR_MM:.0f} mm of it is soft tissue, so it lies in "
            "the wall or the mediastinum rather than at a lung nodule."
        )
    elif contrast < LEAST_CONTRAST_HU:
        findings.append(
            f"{CHECK_POINT}: nothing like a nodule is there; the densest place within 2.5 mm lies {contrast:.0f} HU "
            f"above the lung around it, expected at least {LEAST_CONTRAST_HU:.0f}."
        )
    return tuple(findings)


def check_in_lungs(
    scan: LocatedScan, center: NDArray[np.float64], nodule: NDArray[np.float64] | None = None, radius_mm: float = 0.0
) -> tuple[str, ...]:
    """Return what to say about a place and the closed lungs of its scan; nothing where it lies in or near them.

    The lungs are closed over 10 mm: the centre of a larger nodule at the pleura may lie outside of them. Where a
    nodule was measured, it counts as inside if it reaches the lungs from its centre.

    Args:
        scan: the scan; where it is cropped, or cannot be read whole, the answer says that this was not checked.
        center: the place, LPS mm, (3,).
        nodule: places in the nodule measured there, LPS mm, (N, 3); None where it was not measured.
        radius_mm: half of the measured nodule's long axis.
    """
    if is_cropped(scan.opened):
        return (NOT_CHECKED,)
    try:
        thinned = scan.opened.read_thinned()
        lungs = find_lungs(thinned)
    except Refusal as refusal:
        return (f"whether the point lies in the lungs was not checked: {refusal.problem}.",)
    distance = distance_to_lungs(thinned, lungs, center)
    if distance <= BESIDE_LUNG_MM:
        return ()
    if nodule is not None and distance <= radius_mm and distance_to_lungs(thinned, lungs, nodule) <= TOUCHING_MM:
        return ()
    return (f"{CHECK_POINT}: it lies {distance:.1f} mm {OUTSIDE_OF_LUNGS}.",)


def reject_without_lung(cube: NDArray[np.float32], center: tuple[float, float, float], record: str = "") -> None:
    """Reject a point in air, or one without lung around it.

    Args:
        cube: HU around the point on a grid of 2 mm, shape (31, 31, 31).
        center: LPS mm, for the message.
        record: the scan, for the message.

    Raises:
        Refusal: ``NO_LUNG_AT_POINT``.
    """
    middle, half = cube.shape[0] // 2, 4  # 16 mm: the height of the ROI
    core = cube[(slice(middle - half, middle + half + 1),) * 3]
    air = float(np.percentile(core, AIR_PERCENTILE))
    mean = ndimage.uniform_filter(cube.astype(np.float64), 3, mode="nearest")
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(cube.astype(np.float64) ** 2, 3, mode="nearest") - mean**2, 0))
    lung = (mean > LUNG_HU[0]) & (mean < LUNG_HU[1]) & (spread < LUNG_SPREAD_HU)
    voxels = int((lung & (_distance(cube.shape[0]) <= REACH_MM)).sum())
    if air >= AIR_HU and voxels >= LEAST_LUNG_VOXELS:
        return
    where = ", ".join(f"{value:.1f}" for value in center)
    problem = (
        f"the point ({where}) LPS mm lies in air: {AIR_PERCENTILE:.0f} % of the voxels within 8 mm are below "
        f"{AIR_HU:.0f} HU"
        if air < AIR_HU
        else f"there is no lung within {REACH_MM:.0f} mm of the point ({where}) LPS mm"
    )
    raise Refusal(
        RefusalCode.NO_LUNG_AT_POINT,
        problem,
        record=record,
        remedy="Give the nodule's centre, and check the space that its numbers are in.",
        figures={"percentile_hu": air, "lung_voxels": voxels},
    )


def _distance(size: int) -> NDArray[np.float64]:
    """Distance in mm of each voxel of the cube from its middle."""
    line = (np.arange(size) - size // 2) * STEP_MM
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    return np.asarray(np.sqrt(x**2 + y**2 + z**2))
