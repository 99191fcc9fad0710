"""A cohort of CT follow-up as radiographs: images, the table of reports, and the tables of the four evaluations."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder
from csfnet_bundle.inputs import RoiCache
from csfnet_bundle.medst.ct_tasks import asked_studies, change_rows, changed_pairs, labelled_sequences
from csfnet_bundle.medst.data import SECTIONS, SIDECAR, describe_dataset, fill_cache
from csfnet_bundle.medst.projected_radiographs import LEAST_COVERED, SURROUNDINGS, covered_share, project_radiographs
from csfnet_bundle.medst.screens import screen_sequences
from csfnet_bundle.medst.sequences import RoiPlace, Study, StudySequence, all_studies

logger = logging.getLogger(__name__)

REPORTS = "reports.csv"
IMAGES = "images"
FINDING = "ground_glass"
"""What the table of zero-shot classification asks for, by its name in :mod:`csfnet_bundle.medst.ct_tasks`."""

Row = dict[str, object]


def write_radiograph_tables(dataset_dir: str | Path, out: str | Path, cache_dir: str | Path, workers: int = 2) -> Path:
    """Write radiographs projected from a cohort's scans, in the form in which radiographs with reports come.

    ``reports.csv`` is for the pre-training; ``temporal_image.csv``, ``temporal_sentence.csv``, ``zero_shot.csv`` and
    ``probe.csv`` ask of the test patients what :func:`csfnet_bundle.medst.ct_tasks.ct_tasks` asks of their CT, the
    probe of one study alone. Of a patient with several nodules the first one is shown.

    Args:
        dataset_dir: the cohort, as of :func:`csfnet_bundle.medst.screens.screen_sequences`.
        out: folder to make; it must not exist.
        cache_dir: where the nodules' surroundings are cached.
        workers: processes that read scans.

    Returns:
        ``reports.csv``.

    Raises:
        BundleError: there is such a folder, a scan cannot be read or does not cover the chest, or the cohort has no
            dates.
    """
    out = Path(out)
    if out.exists():
        raise BundleError(f"there is already a {out}", record="out", remedy="Name another folder, or delete it.")
    sections = {name: _first_nodules(screen_sequences(dataset_dir, name)) for name in SECTIONS}
    cache = RoiCache(cache_dir, SURROUNDINGS)
    fill_cache([study for sequences in sections.values() for study in all_studies(sequences)], cache, workers)
    with atomic_folder(out) as folder:
        (folder / IMAGES).mkdir()
        for sequences in sections.values():
            for study in all_studies(sequences):
                _write_images(study, folder, cache)
        rows = [row for name, sequences in sections.items() for row in _report_rows(sequences, name)]
        tables = {"reports": rows, **_task_rows(sections["test"])}
        data = describe_dataset(dataset_dir)
        told = {"name": f"radiographs projected from {data.name}", "phantom": data.phantom}
        for name, content in tables.items():
            if not content:
                logger.warning("the cohort has no row for %s.csv, which is not written", name)
                continue
            pd.DataFrame(content).to_csv(folder / f"{name}.csv", index=False)
            (folder / f"{name}{SIDECAR}").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return out / REPORTS


def _first_nodules(sequences: Sequence[StudySequence]) -> list[StudySequence]:
    """Return one sequence a patient: two would be two rows of one patient and day, whose order is not known."""
    first: dict[str, StudySequence] = {}
    for sequence in sequences:
        first.setdefault(sequence.patient, sequence)
    if len(first) < len(sequences):
        logger.warning("%d further nodules of the same patients are left out", len(sequences) - len(first))
    return list(first.values())


def _write_images(study: Study, folder: Path, cache: RoiCache) -> None:
    assert isinstance(study.pixels, RoiPlace)  # as of screen_sequences
    values = np.asarray(cache.read(study.pixels.pair, study.pixels.folder).array[study.pixels.channel])
    if (share := covered_share(values)) < LEAST_COVERED:
        raise BundleError(
            f"the scan covers {share:.0%} of the nodule's surroundings, expected {LEAST_COVERED:.0%} or more",
            record=study.name,
            remedy="Give a scan of the whole chest (of phantoms: made without --crops), or take the record out.",
        )
    for view, picture in project_radiographs(values, SURROUNDINGS.spacing[2]).items():
        Image.fromarray(picture).save(folder / _file(study, view))


def _file(study: Study, view: str) -> str:
    return f"{IMAGES}/{study.name.replace('/', '_')}_{view}.png"


def _views(study: Study, prefix: str = "") -> Row:
    return {f"{prefix}{view}": _file(study, view) for view in ("frontal", "lateral")}


def _report_rows(sequences: Sequence[StudySequence], section: str) -> list[Row]:
    rows: list[Row] = []
    for study in all_studies(list(sequences)):
        assert isinstance(study.pixels, RoiPlace)
        pair = study.pixels.pair
        scan = pair.t1 if study.pixels.channel else pair.t0
        if scan is None or scan.date is None:
            raise BundleError("the study has no date", record=study.name, remedy="Reports need their order in time.")
        told = {"patient": study.patient, "date": scan.date, "report": study.text, "section": section}
        rows.append({**told, **_views(study)})
    return rows


def _task_rows(test: Sequence[StudySequence]) -> dict[str, list[Row]]:
    pairs = changed_pairs(test)
    asked, labels = asked_studies(FINDING, all_studies(list(test)))
    return {
        "temporal_image": [
            {"patient": after.patient, **_views(before, "previous_"), **_views(after), "change": after.values["change"]}
            for before, after in pairs
        ],
        "temporal_sentence": [
            {"patient": patient, "first": first, "second": second, "label": label}
            for first, second, label, patient in change_rows(pairs)
        ],
        "zero_shot": [
            {"patient": study.patient, **_views(study), "label": label}
            for study, label in zip(asked, labels, strict=True)
        ],
        "probe": [
            {"patient": one.patient, **_views(one.studies[1]), "label": one.studies[-1].values["label"]}
            for one in labelled_sequences(test)
        ],
    }
