"""``simulate-followup``: a study of the same patient so many days later."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from csfnet_bundle.commands.options import Point, SpaceName


def simulate_followup(
    series_dir: Path,
    point: Point,
    space: SpaceName,
    interval_days: int,
    out: Path,
    doubling_time_days: float | None = None,
    remove: bool = False,
    seed: int = 0,
    series_uid: str | None = None,
    shift_mm: Point | None = None,
    motion: Literal["mild", "whole-body", "sliding"] | None = None,
    outlines: Path | None = None,
    phantom: Path | None = None,
) -> None:
    r"""Write a study of a real patient so many days later, its nodule grown, marked as simulated.

    A smooth local deformation makes the nodule 2 ** (interval / doubling time) times as large; the lung around it is
    pushed aside, chest wall and heart stay. The series' noise is taken out as far as it can be told from structure,
    and noise of the same strength and grain is laid on. The patient lies elsewhere, the dates are later, all
    identifiers are new. OUT gets a folder ``ct`` of DICOM files, a ``datalist.json`` with the pair, and
    ``followup.json``.

    Args:
        series_dir: folder of the real DICOM series.
        point: the nodule's centre in it.
        space: space of the point: LPS or RAS (mm), or voxel.
        interval_days: days from the real study to the simulated one.
        out: the folder to make; it must not exist.
        doubling_time_days: days in which the nodule's volume doubles; below 0: in which it halves.
        remove: the later study has no nodule there, in place of a doubling time; needs ``--outlines`` or ``--phantom``.
        seed: of the noise and the shift.
        series_uid: SeriesInstanceUID, where the folder holds several series.
        shift_mm: how far the patient is moved, LPS mm; drawn from the seed where not given.
        motion: the patient also turns and breathes, and is scanned with other slices, field of view, noise and
            contrast, as in the trials of docs/matching.md; followup.json says what was drawn.
        outlines: JSON file of readers' outlines in this series; the nodule at the point is then the readers', else it
            is segmented.
        phantom: folder of the phantom cohort that the series belongs to; the nodule is then the phantom's true one.

    Examples:
        csfnet simulate-followup scans/ct --point=-61.2,40,-182 --space LPS \
            --doubling_time_days 200 --interval_days 365 --out output/followup
        csfnet simulate-followup scans/ct --point 210,301,88 --space voxel \
            --doubling_time_days=-400 --interval_days 180 --out output/regressing
        csfnet simulate-followup scans/ct --point 210,301,88 --space voxel --outlines nodules.json \
            --remove --interval_days 180 --out output/gone
    """
    from csfnet_bundle.cohorts.phantom import simulated_study

    simulated_study.simulate_followup(
        series_dir, point, space, doubling_time_days, interval_days, out, seed, series_uid, shift_mm, motion, outlines,
        phantom, remove=remove,
    )  # fmt: skip
