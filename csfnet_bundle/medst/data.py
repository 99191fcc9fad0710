"""What a pre-training reads: a cohort of CT follow-up, or a CSV of radiographs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ignite.distributed as idist

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings
from csfnet_bundle.cohorts.phantom.label_model import SLOWING
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiCache, RoiSettings, prepare_rois
from csfnet_bundle.medst.radiographs import radiograph_sequences
from csfnet_bundle.medst.screens import ABNORMALITIES, screen_sequences
from csfnet_bundle.medst.sentences import ALLOWED_FIELDS
from csfnet_bundle.medst.sequences import RoiPlace, Study, StudySequence, all_studies
from csfnet_bundle.prediction.data import DataDescription, data_description
from csfnet_bundle.training.preparation import ensure_phantom

SECTIONS = ("training", "validation", "test")
CSV = ".csv"
SIDECAR = ".json"
PHANTOMS = CohortSettings(subjects=800, seed=2026, screens=3, later_growth=SLOWING, crops=True)
"""The default cohort. It takes about five processor-minutes to make."""


def study_sequences(
    dataset: str | Path, section: str, fields: Sequence[str] = ALLOWED_FIELDS, tell_changes: bool = True
) -> list[StudySequence]:
    """Return the sequences of a section.

    Args:
        dataset: a cohort's folder (see :func:`csfnet_bundle.medst.screens.screen_sequences`), or a CSV of radiographs
            (see :func:`csfnet_bundle.medst.radiographs.radiograph_sequences`).
        section: ``training``, ``validation`` or ``test``.
        fields: columns of the screening record that become text.
        tell_changes: the text of a follow-up also tells the change since the study before it.
    """
    if is_csv(dataset):
        return radiograph_sequences(dataset, section)
    return screen_sequences(dataset, section, fields, tell_changes)


def is_csv(dataset: str | Path) -> bool:
    """Tell whether the data are radiographs in a CSV."""
    return Path(dataset).suffix.lower() == CSV


def describe_dataset(dataset: str | Path) -> DataDescription:
    """Return what the data are, for the record of whatever is made from them.

    Of a CSV a file of the same name and the ending ``.json`` may tell its ``name`` and whether it shows a ``phantom``.
    It counts as not public: no datalist says where its patients come from.

    Raises:
        BundleError: that file is no JSON.
    """
    path = Path(dataset)
    if not (is_csv(path) or path.is_file()):
        return data_description(dataset)
    told = _sidecar(path.with_suffix(SIDECAR))
    return DataDescription(
        name=str(told.get("name", path.name)),
        phantom=bool(told.get("phantom", False)),
        datalist_sha256=file_digest(path),
        public=False,
        patients_of="",
    )


def texts_digest(dataset: str | Path) -> str:
    """Return the SHA-256 of the table that the texts come from, hexadecimal."""
    return file_digest(Path(dataset) if is_csv(dataset) else Path(dataset) / ABNORMALITIES)


def _sidecar(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise BundleError(f"it is no JSON: {error}", record=str(path), remedy="Correct or delete it.") from None
    return told if isinstance(told, dict) else {}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a table, hexadecimal; raises BundleError where there is none."""
    if not path.is_file():
        raise BundleError(f"there is no table {path}", remedy="docs/medst.md says what must be there.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prepare_studies(
    dataset: str | Path,
    default_dataset: str | Path,
    sections: Sequence[str],
    roi: Mapping[str, Any],
    cache_dir: str | Path | None,
    workers: int = 2,
) -> None:
    """Make ready what a run will read; the first expression of its run list. Under several processes the first works.

    Args:
        dataset: see :func:`study_sequences`.
        default_dataset: where the phantom cohort of three screens lives: made if ``dataset`` is this and not there.
        sections: sections that the run uses.
        roi: the ROI's plain values.
        cache_dir: where ROIs are cached.
        workers: processes that read scans.

    Raises:
        BundleError: no such data, or scans that cannot be read.
    """
    if idist.get_rank() == 0 and not is_csv(dataset):
        folder = Path(dataset)
        ensure_phantom(folder, Path(default_dataset), PHANTOMS)
        if cache_dir is not None:
            studies = [study for name in sections for study in all_studies(screen_sequences(folder, name))]
            fill_cache(studies, RoiCache(cache_dir, RoiSettings.from_plain(roi)), workers)
    if idist.get_world_size() > 1:
        idist.barrier()


def fill_cache(studies: Sequence[Study], cache: RoiCache, workers: int) -> None:
    """Read the ROIs of CT studies that are not in the cache yet, with a progress bar.

    Raises:
        BundleError: scans that cannot be read.
    """
    places = [study.pixels for study in studies if isinstance(study.pixels, RoiPlace)]
    if not places:
        return
    pairs = {place.pair.name: place.pair for place in places}
    refused = prepare_rois(list(pairs.values()), places[0].folder, cache, workers=workers)
    if refused:
        raise BundleError(
            f"{len(refused)} of {len(pairs)} pairs cannot be read; the first: {next(iter(refused.values()))}",
            remedy="Correct them, or take them out of the datalist.",
        )
