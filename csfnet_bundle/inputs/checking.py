"""Whether a folder of DICOM files, or every record of a datalist, can be used: what the command ``check`` reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.check_output import folder_document, folder_table, pairs_document, pairs_table, print_table
from csfnet_bundle.inputs.judging import FurtherChecks, judge_file, judge_pair, judge_study
from csfnet_bundle.inputs.locating import FindSeries, check_kind
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.verdicts import PairVerdict, Reason, StudyVerdict
from csfnet_bundle.records import DATALIST_NAME, Datalist, datalist_problems, encode_clinical, load_datalist
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.dicom.scan import group_series, list_files, read_headers
from csfnet_bundle.scans.volume_files import is_volume_file

FOLDERS_REMEMBERED = 64
"""Folders whose headers are kept while a datalist is checked: several nodules of one scan stand near each other."""

Item = TypeVar("Item")


def check_path(
    place: Path,
    *,
    json_output: bool,
    pixels: bool,
    one_scan: bool,
    follow_links: bool = False,
    further: FurtherChecks | None = None,
) -> bool:
    """Print whether a folder of DICOM files, a volume file, a datalist or the folder of one can be used; return it.

    Args:
        place: the folder, the file or the datalist.
        json_output: print JSON instead of a table.
        pixels: read the pixels too.
        one_scan: accept records without t0.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        further: with ``pixels``, what else is checked of every record of a datalist.

    Raises:
        BundleError: there is no such place, and no JSON is asked for, which would say so.
    """
    if not place.exists() and not json_output:
        raise BundleError(f"{place} does not exist", remedy="Name a folder, a NIfTI or MetaImage file, or a datalist.")
    if place.suffix == ".json" or (place / DATALIST_NAME).is_file():
        find_series = partial(dicom.scan_folder, follow_links=follow_links)
        document, table = _check_datalist(place, find_series, pixels=pixels, one_scan=one_scan, further=further)
    elif is_volume_file(place) and place.is_file():
        document, table = _check_file(place, pixels=pixels)
    else:
        document, table = _check_folder(place, pixels=pixels, follow_links=follow_links)
    if json_output:
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print_table(table, document)
    return bool(document["usable"])


def _check_file(file: Path, *, pixels: bool) -> tuple[dict[str, object], Table]:
    verdict = judge_file(file, pixels=pixels)
    study = StudyVerdict("", "", (verdict,), verdict.reason)
    return folder_document(file, [study], None, pixels=pixels, kind="file"), folder_table([study])


def _check_folder(folder: Path, *, pixels: bool, follow_links: bool) -> tuple[dict[str, object], Table]:
    studies: list[StudyVerdict] = []
    problem = None
    try:
        check_kind(folder)
        files = list(list_files(folder, follow_links=follow_links))
        contents = read_headers(_with_progress("reading headers", files))
        series = group_series(contents, str(folder))
        by_study: dict[tuple[str, str], list[dicom.Series]] = {}
        for item in series:
            by_study.setdefault((item.patient_id, item.study_uid), []).append(item)
        name = "reading pixels" if pixels else "judging studies"
        studies = [judge_study(group, pixels=pixels) for group in _with_progress(name, list(by_study.values()))]
    except BundleError as error:
        problem = Reason.of(error)
    return folder_document(folder, studies, problem, pixels=pixels), folder_table(studies)


def _check_datalist(
    path: Path, find_series: FindSeries, *, pixels: bool, one_scan: bool, further: FurtherChecks | None
) -> tuple[dict[str, object], Table]:
    verdicts: list[PairVerdict] = []
    try:
        problems = datalist_problems(path)
        if not problems:
            datalist = load_datalist(path)
            verdicts = list(_judge_pairs(datalist, find_series, pixels=pixels, one_scan=one_scan, further=further))
    except BundleError as error:
        problems = [error]
    return pairs_document(path, verdicts, list(map(Reason.of, problems)), pixels=pixels), pairs_table(verdicts)


def _judge_pairs(
    datalist: Datalist, find_series: FindSeries, *, pixels: bool, one_scan: bool, further: FurtherChecks | None
) -> Iterator[PairVerdict]:
    find_series = lru_cache(FOLDERS_REMEMBERED)(find_series)
    settings = RoiSettings()
    for section, pair in _with_progress("checking records", list(datalist)):
        verdict = judge_pair(
            section,
            pair,
            datalist.folder,
            settings,
            one_scan=one_scan,
            pixels=pixels,
            find_series=find_series,
            further=further,
        )
        if verdict.reason is None:
            try:
                encode_clinical(pair.clinical)
            except BundleError as error:
                verdict = PairVerdict(verdict.name, section, verdict.scans, Reason.of(error))
        yield verdict


def _with_progress(name: str, items: list[Item]) -> Iterator[Item]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, description=name)
