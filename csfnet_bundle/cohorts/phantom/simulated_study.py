"""A study of the same patient so many days later: what the command ``simulate-followup`` writes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from csfnet_bundle.cohorts.phantom.followup import volume_ratio, without_noise
from csfnet_bundle.cohorts.phantom.followup_writer import FollowupIdentity, write_followup
from csfnet_bundle.cohorts.phantom.motion import MotionLevel
from csfnet_bundle.cohorts.phantom.moved_scan import MovedScan, move_scan
from csfnet_bundle.cohorts.phantom.moved_writer import write_moved
from csfnet_bundle.cohorts.phantom.nodule_change import NoduleChange, grown_nodule, removed_nodule
from csfnet_bundle.cohorts.phantom.reader_masks import read_outlines
from csfnet_bundle.cohorts.phantom.true_mask import cohort_mask
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder, require_new, write_atomically
from csfnet_bundle.geometry import Point, Space, Volume
from csfnet_bundle.geometry.inside import check_point_inside
from csfnet_bundle.geometry.points import three_numbers
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist
from csfnet_bundle.scans.dicom import Series, read_volume, scan_folder, select_series
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.scan import OpenedScan

Slice = TypeVar("Slice")
SERIES_FOLDER, SUMMARY_NAME = "ct", "followup.json"

SHIFT_STANDARD_DEVIATION_MM, LARGEST_SHIFT_MM = 4.0, 12.0
"""How a patient lies differently a year later along each axis; more and they would be positioned anew."""

SHIFT_DECIMALS = 2
"""Decimals of the shift, so that positions keep within the 16 characters that DICOM gives a number."""


def simulate_followup(
    series_dir: str | Path,
    point: Sequence[float] | str,
    space: str,
    doubling_time_days: float | None,
    interval_days: int,
    out: str | Path,
    seed: int = 0,
    series_uid: str | None = None,
    shift_mm: Sequence[float] | str | None = None,
    motion: str | None = None,
    outlines: Path | None = None,
    phantom: Path | None = None,
    *,
    remove: bool = False,
) -> dict[str, object]:
    """Write a study of a real patient so many days later, its nodule grown, marked as simulated.

    A smooth local deformation makes the nodule 2 ** (interval / doubling time) times as large; the lung around it is
    pushed aside, chest wall and heart stay. The series' noise is taken out as far as it can be told from structure,
    and noise of the same strength and grain is laid on. The patient lies elsewhere, the dates are later, all
    identifiers are new. OUT gets a folder ``ct`` of DICOM files, a ``datalist.json`` with the pair, and
    ``followup.json``.

    Args:
        series_dir: folder of the real DICOM series.
        point: the nodule's centre X,Y,Z in it.
        space: space of the point: LPS, RAS (mm) or voxel.
        doubling_time_days: days in which the nodule's volume doubles; below 0: in which it halves; None to remove it.
        interval_days: days from the real study to the simulated one.
        out: the folder to make; it must not exist.
        seed: of the noise and the shift.
        series_uid: SeriesInstanceUID, where the folder holds several series.
        shift_mm: how far the patient is moved, X,Y,Z in LPS mm; drawn from the seed where not given.
        motion: mild, whole-body or sliding: the patient also turns and breathes, and is scanned with other slices,
            field of view, noise and contrast, as in the trials of docs/matching.md; followup.json says what was drawn.
        outlines: JSON file of readers' outlines in this series; the nodule at the point is then the readers', else it
            is segmented.
        phantom: folder of the phantom cohort that the series belongs to; the nodule is then the phantom's true one.
        remove: the later study has no nodule there.

    Returns:
        What is written to ``followup.json``: ratio, volumes, shift, and the point of both scans in LPS mm.

    Raises:
        BundleError: an interval, doubling time or point that cannot be, no nodule there, or OUT exists.
        Refusal: a series that cannot be read right.
    """
    folder = Path(out)
    require_new(folder, "OUT")
    days = _days(interval_days)
    ratio = _ratio(doubling_time_days, days, remove=remove)
    given = Point(three_numbers(point, "point"), space)  # type: ignore[arg-type]  # a wrong space is refused by name
    series = select_series(scan_folder(Path(series_dir)), uid=series_uid)
    volume = read_volume(series)
    center = check_point_inside(given, volume.affine, volume.array.shape, series=series.uid)
    known = _known_mask(outlines, phantom, series, volume, center)
    if not remove:
        change: NoduleChange = grown_nodule(volume, center, ratio, str(series_dir), known)
    elif known is None:
        raise BundleError(
            "only a nodule whose voxels are known is removed", record=str(series_dir),
            remedy="Give readers' outlines by --outlines, or the phantom cohort by --phantom.",
        )  # fmt: skip
    else:
        change = removed_nodule(volume, center, known)
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    moved = None
    if motion is None:
        shift = _shift(rng) if shift_mm is None else three_numbers(shift_mm, "shift")
    else:
        moved = _moved(volume, series, change, center, _level(motion, shift_mm), rng)
        shift = (0.0, 0.0, 0.0)
    how = f"shifted by {_text(shift)} mm" if moved is None else f"moved ({motion})"
    identity = FollowupIdentity(
        interval_days=days,
        shift_mm=shift,
        description=(
            f"Simulated by csfnet_bundle, no scan was made: the nodule at LPS {_text(center)} mm {_said(ratio)} "
            f"in {days} days, noise renewed, patient {how}, seed {seed}."
        ),
        key=(
            seed,
            days,
            0.0 if remove else float(doubling_time_days or 0),
            _text(center),
            shift,
            *([] if motion is None else [motion]),
        ),
    )
    paths = [instance.path for instance in series.stack.instances]
    with atomic_folder(folder) as temporary:
        (temporary / SERIES_FOLDER).mkdir()
        if moved is None:
            slices = _with_progress(change.slices(rng), len(paths))
            new_uid, date = write_followup(paths, volume.array, slices, temporary / SERIES_FOLDER, identity)
            place1 = change.point + shift
        else:
            others = _with_progress(moved.slices, moved.geometry.shape[2])
            new_uid, date = write_moved(paths, others, moved.geometry, temporary / SERIES_FOLDER, identity)
            place1 = moved.motion.forward(change.point[:, None])[:, 0]
        t0 = Scan(os.path.relpath(series_dir, folder), _lps(center), series.uid, series.study_date or None)
        t1 = Scan(SERIES_FOLDER, _lps(place1), new_uid, date or None)
        summary: dict[str, object] = {
            "simulated": True,
            "source_series_uid": series.uid,
            "series_uid": new_uid,
            "interval_days": days,
            "doubling_time_days": doubling_time_days,
            "removed": remove,
            "volume_ratio": ratio,
            "volume_t0_mm3": change.volume_mm3,
            "volume_t1_mm3": change.volume_mm3 * ratio,
            "shift_mm": list(shift),
            "point_t0_lps": list(t0.known_point.coordinates),
            "point_t1_lps": list(t1.known_point.coordinates),
            "seed": seed,
            "motion": None if moved is None else moved.to_plain(),
            "findings": list(volume.findings),
        }
        pair = FollowUpPair(subject=_name(series.patient_id), nodule="1", t0=t0, t1=t1, interval_days=days)
        header = {"name": "simulated follow-up", "description": identity.description}
        save_datalist(Datalist(temporary, {"inference": (pair,)}, header))
        write_atomically(temporary / SUMMARY_NAME, json.dumps(summary, indent=1) + "\n")
    point_text = ",".join(f"{value:.2f}" for value in t1.known_point.coordinates)
    print(f"simulated follow-up in {folder}: {_said(ratio, 2)} after {days} days; its point is {point_text} (LPS)")
    return summary


def _level(motion: str, shift_mm: object) -> MotionLevel:
    if shift_mm is not None:
        raise BundleError("both a shift and a motion are given", remedy="Leave --shift_mm out: the motion has its own.")
    try:
        return MotionLevel(motion)
    except ValueError:
        raise BundleError(f"motion is {motion!r}", remedy=f"Expected {', '.join(MotionLevel)}.") from None


def _moved(
    volume: Volume,
    series: Series,
    change: NoduleChange,
    center: NDArray[np.float64],
    level: MotionLevel,
    rng: np.random.Generator,
) -> MovedScan:
    """Move the scan with its nodule changed."""
    thinned = OpenedScan(series.folder, series=series).read_thinned()
    lungs = find_lungs(thinned, series.uid).mask
    smooth, grain = without_noise(volume)
    diameter = (6 * change.volume_mm3 * max(change.ratio, 1.0) / np.pi) ** (1 / 3)
    return move_scan(change.of(smooth), grain, level, (lungs, thinned.grid), [(center, diameter)], rng)


def _ratio(doubling_time_days: float | None, days: int, *, remove: bool) -> float:
    if remove != (doubling_time_days is None):
        raise BundleError(
            "expected a doubling time, or that the nodule is removed: one of the two",
            remedy="Give --doubling_time_days, or --remove.",
        )
    return 0.0 if doubling_time_days is None else volume_ratio(float(doubling_time_days), days)


def _said(ratio: float, digits: int = 3) -> str:
    return "removed" if ratio == 0 else f"volume {ratio:.{digits}f}-fold"


def _known_mask(
    outlines: Path | None, phantom: Path | None, series: Series, volume: Volume, center: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """Return the nodule's voxels where somebody knows them, (I, J, K)."""
    if outlines is not None and phantom is not None:
        raise BundleError(
            "both outlines and a phantom cohort are given", remedy="Give the one that is the series' own."
        )
    if outlines is not None:
        return _outlined(outlines, series.uid, volume, center)
    return None if phantom is None else cohort_mask(phantom, series.patient_id, series.study_date, volume)


def _outlined(path: Path, series_uid: str, volume: Volume, center: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the mask of the outlined nodule that the point lies in, (I, J, K)."""
    index = np.rint((np.linalg.inv(volume.affine) @ [*center, 1.0])[:3]).astype(int)
    columns, rows, slices = volume.array.shape
    for nodule in read_outlines(path, series_uid, volume.affine, (columns, rows, slices)):
        if nodule.mask[tuple(index)]:
            return nodule.mask
    raise BundleError(
        f"no reader's outline holds the point {_text(center)} (LPS)", record=str(path), remedy="Check the point."
    )


def _with_progress(slices: Iterator[Slice], count: int) -> Iterator[Slice]:
    yield from track(slices, "simulating slices", total=count, console=Console(stderr=True))


def _days(value: object) -> int:
    try:
        days = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        days = np.nan
    if not days > 0 or days != int(days):
        raise BundleError(f"interval {value!r} is no number of days", remedy="Give whole days, at least 1.")
    return int(days)


def _shift(rng: np.random.Generator) -> tuple[float, float, float]:
    drawn = np.clip(rng.normal(0, SHIFT_STANDARD_DEVIATION_MM, 3), -LARGEST_SHIFT_MM, LARGEST_SHIFT_MM)
    x, y, z = (round(float(value), SHIFT_DECIMALS) for value in drawn)
    return x, y, z


def _lps(place: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(value), 4) for value in place)
    return Point((x, y, z), Space.LPS)


def _text(values: Sequence[float] | NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in values) + ")"


def _name(patient: str) -> str:
    """The patient's identifier as a datalist allows it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", patient).strip("._-")[:64] or "unknown"
