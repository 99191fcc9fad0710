"""Phantom pairs as ROIs alone: nothing but the ROIs is rendered, and no DICOM is written.

A pair costs a third of a second of one core, so that thousands can be drawn for a test set. ROI and record are those of
the cohort's subject of the same seed and number, except for the noise, which is drawn for the rendered part alone.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.tables import truth_table
from csfnet_bundle.cohorts.phantom.two_nodules import TwoNoduleSubject, two_nodule_oracle
from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path, write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.records import encode_clinical

SETTINGS_NAME = "roi_set.json"
BLOCK = 32
"""Pairs a file: what an interruption can cost."""
MAXIMUM_NODULES = 2
LEAST_OF_A_LABEL = 2
"""Fewer have no interval."""


@dataclass(frozen=True)
class RoiSetSettings:
    """What a set of ROIs depends on.

    Attributes:
        pairs: how many; a set of N is the beginning of one of N + 1.
        seed: of the phantom subjects.
        nodules: in each ROI; 2 is :class:`csfnet_bundle.cohorts.phantom.two_nodules.TwoNoduleSubject`.
        size: voxels (D, H, W).
        spacing: mm along (D, H, W).
    """

    pairs: int
    seed: int
    nodules: int = 1
    size: tuple[int, int, int] = (16, 64, 64)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.pairs < 1 or not 1 <= self.nodules <= MAXIMUM_NODULES:
            raise BundleError(
                f"{self.pairs} pairs with {self.nodules} nodules a ROI, expected at least one pair and 1 or 2 nodules",
                record="set of phantom ROIs",
            )

    def check_both_labels(self, record: str) -> None:
        """Check before anything is rendered that an area can be told of the set.

        Raises:
            BundleError: it has fewer than two benign or two malignant pairs, which have no interval.
        """
        malignant = sum(self.subject(number).label for number in range(self.pairs))
        if min(malignant, self.pairs - malignant) < LEAST_OF_A_LABEL:
            problem = (
                f"is {self.pairs}, too few for {LEAST_OF_A_LABEL} benign and {LEAST_OF_A_LABEL} malignant phantoms"
            )
            raise BundleError(problem, record=record, remedy="Take some hundreds.")

    def subject(self, number: int) -> Subject:
        """Return the subject of a pair's number."""
        return (TwoNoduleSubject if self.nodules > 1 else Subject)(self.seed, number)


@dataclass(frozen=True)
class RoiSet:
    """Phantom pairs in memory.

    Attributes:
        images: HU, int16, shape (N, 2, D, H, W), channel 0 = t0.
        clinical: tokens, int64, shape (N, 6).
        interval_days: float32, shape (N,).
        truth: a row a pair: ``subject``, ``label``, latents, and the oracle's scores ``oracle_all`` (log odds for two
            nodules, probability for one).
    """

    images: NDArray[np.int16]
    clinical: NDArray[np.int64]
    interval_days: NDArray[np.float32]
    truth: pd.DataFrame

    @property
    def labels(self) -> NDArray[np.int64]:
        """0 benign, 1 malignant, shape (N,)."""
        return self.truth["label"].to_numpy(np.int64)


def make_roi_set(folder: Path, settings: RoiSetSettings, *, workers: int = 1, show_progress: bool = True) -> RoiSet:
    """Render a set, or what is left to do of it, and return it.

    Args:
        folder: of the set; an interrupted call goes on in it.
        settings: what to render.
        workers: processes.
        show_progress: show progress and the time left on stderr.

    Raises:
        BundleError: the folder holds a set with other settings, or no process shall render.
    """
    if workers < 1:
        raise BundleError(f"it is {workers}, expected 1 or more", record="--workers")
    _keep(folder, settings)
    starts = range(0, settings.pairs, BLOCK)
    left = [start for start in starts if not _path(folder, start).is_file() or _is_short(folder, settings, start)]
    with progress_bar("Phantom ROIs", len(starts), show=show_progress) as advance, ExitStack() as stack:
        advance(len(starts) - len(left))
        render = partial(_render_block, folder, settings)
        if workers == 1:
            rendered: Iterable[None] = map(render, left)
        else:
            pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
            rendered = stack.enter_context(pool).map(render, left)
        for _ in rendered:
            advance(1)
    subjects = [settings.subject(number) for number in range(settings.pairs)]
    return RoiSet(
        images=np.concatenate([np.load(_path(folder, start)) for start in starts])[: settings.pairs],
        clinical=np.stack([encode_clinical(subject.clinical) for subject in subjects]),
        interval_days=np.array([np.diff(subject.screen_days[:2])[0] for subject in subjects], np.float32),
        truth=_truth(subjects, settings),
    )


def _render_block(folder: Path, settings: RoiSetSettings, start: int) -> None:
    numbers = range(start, min(start + BLOCK, settings.pairs))
    images = np.stack([_render_pair(settings.subject(number), settings) for number in numbers])
    with atomic_path(_path(folder, start)) as temporary, temporary.open("wb") as file:
        np.save(file, images)


def _is_short(folder: Path, settings: RoiSetSettings, start: int) -> bool:
    """Whether a block was the last, unfilled one of a smaller set."""
    there = len(np.load(_path(folder, start), mmap_mode="r"))
    return there < min(BLOCK, settings.pairs - start)


def _render_pair(subject: Subject, settings: RoiSetSettings) -> NDArray[np.int16]:
    depth, height, width = (size * step for size, step in zip(settings.size, settings.spacing, strict=True))
    rois = []
    for screen in (0, 1):
        scan = render_scan(subject, screen, Region.ROI, roi_extent=(depth, height, width))
        rois.append(np.rint(scan.roi(settings.size, settings.spacing).array).astype(np.int16))
    return np.stack(rois)  # (2, D, H, W)


def _truth(subjects: list[Subject], settings: RoiSetSettings) -> pd.DataFrame:
    if settings.nodules == 1:
        return truth_table(subjects, ["test"] * len(subjects))
    latents = pd.DataFrame([subject.latents for subject in subjects]).reset_index(drop=True)
    whole = [name for name in ("isolation", "attenuation", "other_attenuation", "label") if name in latents]
    latents = latents.astype(dict.fromkeys(whole, int))
    return latents.assign(
        subject=[subject.patient_id for subject in subjects],
        oracle_all=two_nodule_oracle(latents),
        oracle_both=two_nodule_oracle(latents, named=False),
    )


def _keep(folder: Path, settings: RoiSetSettings) -> None:
    """Write what the blocks depend on beside them, or check it; a larger set goes on from a smaller one."""
    path = folder / SETTINGS_NAME
    now = {name: value for name, value in json.loads(json.dumps(asdict(settings))).items() if name != "pairs"}
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        remedy = "Name another folder, or remove this one."
        check_same_settings(before, now, record=str(folder), what="ROIs", remedy=remedy)
    write_atomically(path, json.dumps(now) + "\n")


def _path(folder: Path, start: int) -> Path:
    return folder / f"block_{start:06d}.npy"
