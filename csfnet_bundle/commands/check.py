"""``check``: whether a folder of DICOM files, or every record of a datalist, can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from csfnet_bundle.commands.check_output import folder_document, folder_table, pairs_document, pairs_table, print_table
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.inputs.judging import judge_pair, judge_study
from csfnet_bundle.inputs.verdicts import PairVerdict, Reason, StudyVerdict
from csfnet_bundle.records import DATALIST_NAME, Datalist, datalist_problems, encode_clinical, load_datalist
from csfnet_bundle.scans import dicom
from csfnet_bundle.scans.dicom.scan import group_series, list_files, read_headers

FOLDERS_REMEMBERED = 64
"""Folders whose headers are kept while a datalist is checked: several nodules of one scan stand near each other."""

Item = TypeVar("Item")


def check(path: str, json: bool = False, pixels: bool = False, one_scan: bool = False) -> int:
    """Check whether what is given can be used; exit status 0 only if it can.

    A folder can be used if a series of each study in it can be read; a datalist if both ROIs of every record can.

    Args:
        path: a folder of DICOM files (one or many studies), a datalist, or the folder of one.
        json: print JSON for programs instead of a table.
        pixels: read the pixels too, which finds what headers cannot show; takes longer.
        one_scan: accept records that have no t0.

    Returns:
        0 if all can be used, 1 if not.
    """
    place = Path(str(path))
    if place.suffix == ".json" or (place / DATALIST_NAME).is_file():
        return _check_datalist(place, json_output=json, pixels=pixels, one_scan=one_scan)
    return _check_folder(place, json_output=json, pixels=pixels)


def _check_folder(folder: Path, *, json_output: bool, pixels: bool) -> int:
    studies: list[StudyVerdict] = []
    problem = None
    try:
        contents = read_headers(_with_progress("reading headers", list(list_files(folder))))
        series = group_series(contents, str(folder))
        by_study: dict[tuple[str, str], list[dicom.Series]] = {}
        for item in series:
            by_study.setdefault((item.patient_id, item.study_uid), []).append(item)
        name = "reading pixels" if pixels else "judging studies"
        studies = [judge_study(group, pixels=pixels) for group in _with_progress(name, list(by_study.values()))]
    except BundleError as error:
        problem = Reason.of(error)
    document = folder_document(folder, studies, problem, pixels=pixels)
    if json_output:
        _print_json(document)
    else:
        print_table(folder_table(studies), document)
    return 0 if document["usable"] else 1


def _check_datalist(path: Path, *, json_output: bool, pixels: bool, one_scan: bool) -> int:
    verdicts: list[PairVerdict] = []
    try:
        problems = datalist_problems(path)
        if not problems:
            verdicts = list(_judge_pairs(load_datalist(path), pixels=pixels, one_scan=one_scan))
    except BundleError as error:
        problems = [error]
    document = pairs_document(path, verdicts, list(map(Reason.of, problems)), pixels=pixels)
    if json_output:
        _print_json(document)
    else:
        print_table(pairs_table(verdicts), document)
    return 0 if document["usable"] else 1


def _judge_pairs(datalist: Datalist, *, pixels: bool, one_scan: bool) -> Iterator[PairVerdict]:
    find_series = lru_cache(FOLDERS_REMEMBERED)(dicom.scan_folder)
    settings = RoiSettings()
    for section, pair in _with_progress("checking records", list(datalist)):
        verdict = judge_pair(
            section, pair, datalist.folder, settings, one_scan=one_scan, pixels=pixels, find_series=find_series
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


def _print_json(document: dict[str, object]) -> None:
    print(json.dumps(document, indent=1, ensure_ascii=False))
