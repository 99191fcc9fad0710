"""What a workflow does before its engine runs: the data are there, every pair is readable, its ROI is cached."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ignite.distributed as idist

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
from csfnet_bundle.cohorts.phantom.stand_in import PHANTOMS
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiCache, RoiSettings, prepare_rois
from csfnet_bundle.inputs.roi_doubts import log_doubts
from csfnet_bundle.records import DATALIST_NAME, load_datalist

logger = logging.getLogger(__name__)


def prepare(
    dataset_dir: str | Path,
    default_dataset_dir: str | Path,
    sections: Sequence[str],
    roi: Mapping[str, Any],
    cache_dir: str | Path | None,
    workers: int = 2,
    scheduler: str | None = None,
    repeat_missing_prior: bool = False,
    follow_links: bool = False,
) -> None:
    """Make ready for the run what it will read; the first expression of every workflow's run list.

    Under several processes the first one works and the others wait.

    Args:
        dataset_dir: the cohort's folder.
        default_dataset_dir: where the phantom cohort lives: it is made if ``dataset_dir`` is this and it is not there.
        sections: sections of the datalist that the workflow uses.
        roi: the ROI's plain values.
        cache_dir: where ROIs are cached.
        workers: processes that read scans.
        scheduler: address of a Dask scheduler, instead of processes on this machine.
        repeat_missing_prior: see :func:`csfnet_bundle.inputs.read_pair`.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.

    Raises:
        BundleError: no such cohort, or pairs that cannot be read.
    """
    if idist.get_rank() == 0:
        ensure_phantom(Path(dataset_dir), Path(default_dataset_dir), PHANTOMS)
        cache = RoiCache(
            cache_dir,
            RoiSettings.from_plain(roi),
            repeat_missing_prior=repeat_missing_prior,
            follow_links=follow_links,
        )
        _prepare_rois(Path(dataset_dir), sections, cache, workers, scheduler)
    if idist.get_world_size() > 1:
        idist.barrier()


def ensure_phantom(dataset_dir: Path, default_dataset_dir: Path, settings: CohortSettings) -> None:
    """Make the phantom cohort that stands in for data that nobody has given, unless it is there; and say so."""
    if dataset_dir.resolve() != default_dataset_dir.resolve() or (dataset_dir / DATALIST_NAME).is_file():
        return
    logger.info(
        "no --dataset_dir is given: making a PHANTOM cohort of %d subjects, %d screens, in %s (once)",
        settings.subjects,
        settings.screens,
        dataset_dir,
    )
    make_cohort(dataset_dir, settings)


def _prepare_rois(
    dataset_dir: Path, sections: Sequence[str], cache: RoiCache, workers: int, scheduler: str | None
) -> None:
    datalist = load_datalist(dataset_dir)
    pairs = [pair for section in sections for pair in datalist.section(section)]
    if cache.folder is None:
        return
    refused = prepare_rois(pairs, datalist.folder, cache, workers=workers, scheduler=scheduler)
    if len(refused) == 1:
        raise next(iter(refused.values()))
    if refused:
        first = next(iter(refused.values()))
        raise BundleError(
            f"{len(refused)} of {len(pairs)} follow-up pairs cannot be read ({', '.join(list(refused)[:5])}); {first}",
            record=str(datalist.folder / DATALIST_NAME),
            remedy="Correct these records or take them out; `python -m csfnet_bundle check` lists them all.",
        )
    log_doubts(pairs, datalist.folder, cache)
