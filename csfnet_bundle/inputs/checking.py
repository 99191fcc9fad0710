"""Whether a folder of DICOM files, or every record of a datalist, can be used: what the command ``check`` reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processes import map_over_processes
from csfnet_bundle.inputs.archive import with_archive
from csfnet_bundle.inputs.check_output import folder_document, folder_table, pairs_document, pairs_table, print_table
from csfnet_bundle.inputs.judging import FurtherChecks, judge_file, judge_pair, judge_study
from csfnet_bundle.inputs.locating import check_kind
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.store import is_store, verify_store
from csfnet_bundle.inputs.verdicts import PairVerdict, Reason, StudyVerdict
from csfnet_bundle.records import (
    DATALIST_NAME,
    Datalist,
    FollowUpPair,
    datalist_problems,
    encode_clinical,
    load_datalist,
)
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.dicom.scan import group_series, list_files, read_headers
from csfnet_bundle.scans.volume_files import is_volume_file

FOLDERS_REMEMBERED = 64
"""Folders whose headers are kept while a datalist is checked: several nodules of one scan stand near each other."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class CheckOptions:
    """How things are checked.

    Attributes:
        pixels: read the pixels too.
        one_scan: accept records without t0.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        workers: processes that look at the records of a datalist.
        headers: folder where headers of DICOM folders are kept between calls; None reads them each time.
        archive: what the checked folder was unpacked from, to be named in its place.
        further: with ``pixels``, what else is checked of every record of a datalist, in this process.
    """

    pixels: bool = False
    one_scan: bool = False
    follow_links: bool = False
    workers: int = 1
    headers: Path | None = None
    archive: Path | None = None
    further: FurtherChecks | None = field(default=None, compare=False)


def check_path(place: Path, options: CheckOptions, *, json_output: bool) -> bool:
    """Print whether a DICOM folder, a volume file, a ROI store, a datalist or its folder can be used, and return it.

    Args:
        place: the folder, the file or the datalist.
        options: how.
        json_output: print JSON instead of a table.

    Raises:
        BundleError: there is no such place, and no JSON is asked for, which would say so.
    """
    if not place.exists() and not json_output:
        raise BundleError(f"{place} does not exist", remedy="Name a folder, a NIfTI or MetaImage file, or a datalist.")
    if is_store(place):
        return _check_store(place, json_output=json_output)
    if place.suffix == ".json" or (place / DATALIST_NAME).is_file():
        document, table = _check_datalist(place, options)
    elif is_volume_file(place) and place.is_file():
        document, table = _check_file(place, pixels=options.pixels)
    else:
        document, table = _check_folder(place, options)
    if json_output:
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print_table(table, document)
    return bool(document["usable"])


def _check_store(folder: Path, *, json_output: bool) -> bool:
    report = verify_store(folder)
    if json_output:
        print(
            json.dumps({"place": str(folder), "kind": "ROI store", "usable": report.usable, **asdict(report)}, indent=1)
        )
    else:
        print("\n".join(report.lines()))
    return report.usable


def _check_file(file: Path, *, pixels: bool) -> tuple[dict[str, object], Table]:
    verdict = judge_file(file, pixels=pixels)
    study = StudyVerdict("", "", (verdict,), verdict.reason)
    return folder_document(file, [study], None, pixels=pixels, kind="file"), folder_table([study])


def _check_folder(folder: Path, options: CheckOptions) -> tuple[dict[str, object], Table]:
    studies: list[StudyVerdict] = []
    problem = None
    try:
        check_kind(folder)
        files = list(list_files(folder, follow_links=options.follow_links))
        contents = read_headers(_with_progress("reading headers", files))
        series = group_series(contents, str(folder))
        by_study: dict[tuple[str, str], list[dicom.Series]] = {}
        for item in series:
            by_study.setdefault((item.patient_id, item.study_uid), []).append(item)
        name = "reading pixels" if options.pixels else "judging studies"
        studies = [judge_study(group, pixels=options.pixels) for group in _with_progress(name, list(by_study.values()))]
    except BundleError as error:
        problem = Reason.of(error)
    shown = options.archive or folder
    studies, problem = with_archive((studies, problem), folder, shown)
    return folder_document(shown, studies, problem, pixels=options.pixels), folder_table(studies)


def _check_datalist(path: Path, options: CheckOptions) -> tuple[dict[str, object], Table]:
    verdicts: list[PairVerdict] = []
    try:
        problems = datalist_problems(path)
        if not problems:
            verdicts = judge_datalist(load_datalist(path), options)
    except BundleError as error:
        problems = [error]
    shown = path if options.archive is None else options.archive
    reasons = list(map(Reason.of, problems))
    verdicts, reasons = with_archive((verdicts, reasons), path, shown)
    return pairs_document(shown, verdicts, reasons, pixels=options.pixels), pairs_table(verdicts)


def judge_datalist(datalist: Datalist, options: CheckOptions) -> list[PairVerdict]:
    """Judge every record of a datalist, with a progress bar; files may have changed since an earlier call."""
    _series_of_folder.cache_clear()
    judge = partial(_judge, folder=datalist.folder, options=options)
    pairs = list(datalist)
    workers = 1 if options.further else options.workers  # the network is loaded in this process alone
    verdicts = map_over_processes(judge, pairs, workers)
    return list(_with_progress("checking records", verdicts, len(pairs)))


def _judge(item: tuple[str, FollowUpPair], folder: Path, options: CheckOptions) -> PairVerdict:
    section, pair = item
    verdict = judge_pair(
        section,
        pair,
        folder,
        RoiSettings(),
        one_scan=options.one_scan,
        pixels=options.pixels,
        find_series=partial(_series_of_folder, options=options),
        further=options.further,
    )
    if verdict.reason is None:
        try:
            encode_clinical(pair.clinical)
        except BundleError as error:
            return PairVerdict(verdict.name, section, verdict.scans, Reason.of(error))
    return verdict


@lru_cache(FOLDERS_REMEMBERED)
def _series_of_folder(path: Path, options: CheckOptions) -> list[dicom.Series]:
    return dicom.scan_folder(path, index=options.headers, follow_links=options.follow_links)


def _with_progress(name: str, items: Iterable[Item], total: int | None = None) -> Iterator[Item]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=name)
