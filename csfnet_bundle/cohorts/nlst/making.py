"""Making a cohort: plan, images, points, datalist, report; each step goes on where an earlier run stopped."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from csfnet_bundle.cohorts.nlst.assembly import AssembledPair, assemble
from csfnet_bundle.cohorts.nlst.choice import Choice, choose_pairs, stop_at_refused
from csfnet_bundle.cohorts.nlst.document import Picture, Section, write_report
from csfnet_bundle.cohorts.nlst.download import download
from csfnet_bundle.cohorts.nlst.index import IndexedSeries, open_index
from csfnet_bundle.cohorts.nlst.lists import make_datalist, provenance_of
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.cohorts.nlst.pictures import BoxOnSlice, contact_sheets, montage
from csfnet_bundle.cohorts.nlst.positions import find_series, missing_instances
from csfnet_bundle.cohorts.nlst.report import (
    flow_section,
    left_out_sections,
    montage_section,
    pairs_section,
    plan_section,
    split_section,
    truncation_section,
)
from csfnet_bundle.cohorts.nlst.sighting import PixelBox, Sighting
from csfnet_bundle.core.csv_cells import harmless
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.records import Datalist, FollowUpPair, save_datalist, without_reads_of

FLOW, SERIES = "flow.json", "series.csv"
Place = TypeVar("Place")

MONTAGE_PAIRS = 24
"""Pairs in the montage: half malignant, half benign, the first of each by name."""


@dataclass(frozen=True)
class Fetching:
    """Where images lie and whether what is wanted is fetched.

    Attributes:
        images: folder of the images.
        download: fetch what is not there.
        endpoint: address of another S3 server than the public one.
        workers: files fetched at the same time.
    """

    images: Path
    download: bool = False
    endpoint: str | None = None
    workers: int = 32


def plan_cohort(options: CohortOptions, out: Path) -> Choice:
    """Choose the pairs and write what they need: ``series.csv``, ``flow.json`` and a first report.

    Raises:
        BundleError: see :func:`csfnet_bundle.cohorts.nlst.choice.choose_pairs`.
    """
    choice = choose_pairs(options)
    write_atomically(out / SERIES, _series_csv(choice.plan.series))
    _write_flow(choice, out)
    sections = [flow_section(choice.flow), plan_section(choice.plan), *left_out_sections(choice.flow)]
    write_report(out, f"Cohort from {options.source}: plan", sections)
    return choice


def wanted_series(choice: Choice, images: Path) -> list[IndexedSeries]:
    """Return the series that are not below ``images`` yet."""
    here = find_series(images, choice.found)
    return [series for series in choice.plan.series if series.uid not in here]


def make_cohort(
    choice: Choice,
    options: CohortOptions,
    out: Path,
    fetching: Fetching,
    *,
    without_reads: bool = False,
    verify: bool = False,
) -> Datalist:
    """Fetch what is wanted, place the nodules, write datalist and report.

    Args:
        choice: what :func:`plan_cohort` returned.
        options: the same options.
        out: the cohort's folder.
        fetching: where the images are.
        without_reads: leave the radiologists' reads (scr_res0, scr_iso0) out of the inputs.
        verify: write contact sheets of all boxes.

    Raises:
        BundleError: images that are not there or cannot be fetched; scans or positions that are refused.
    """
    if fetching.download:
        _fetch(choice, options, fetching)
    here = find_series(fetching.images, choice.found)
    choice = _with_images(choice, options, here, fetching.images)

    def scan_of(sighting: Sighting) -> Path:
        return Path(sighting.path) if sighting.path is not None else here[sighting.series_uid]

    assembled = assemble(
        choice, out, scan_of, skip_refused=options.skip_refused, workers=options.workers, track=_progress
    )
    if verify:
        _write_sheets(assembled, out)
    return write_cohort(choice, options, out, [one.pair for one in assembled], without_reads=without_reads)


def write_cohort(
    choice: Choice, options: CohortOptions, out: Path, pairs: Sequence[FollowUpPair], *, without_reads: bool = False
) -> Datalist:
    """Write datalist, flow and report of placed pairs; see :func:`make_cohort`.

    Raises:
        BundleError: no pair remains, or too few patients for the lists.
    """
    pairs = [without_reads_of(pair) if without_reads else pair for pair in pairs]
    # A patient belongs to one list: a pair without a label cannot be in that for inference beside one with a label.
    labelled = {pair.subject for pair in pairs if pair.label is not None}
    beside = [(pair, pair.name) for pair in pairs if pair.label is None and pair.subject in labelled]
    if beside:
        choice.flow.leave_out("no label, and other pairs of the patient have one", "pairs", beside)
        pairs = [pair for pair in pairs if pair.label is not None or pair.subject not in labelled]
    if not pairs:
        raise BundleError("no follow-up pair remains", record=str(out), remedy="See flow.json.")
    choice.flow.remain("pairs in the datalist", "pairs", pairs)
    datalist = make_datalist(
        out,
        pairs,
        name=f"{options.source} follow-up pairs",
        description="Follow-up pairs of lung nodules, made by the command cohort.",
        seed=options.seed,
        shares=options.shares,
        folds=options.folds,
        provenance=provenance_of(options, open_index(options.index).digest if choice.found else None)
        | {"reads": not without_reads},
    )
    save_datalist(datalist)
    _write_flow(choice, out)
    _report(choice, options, datalist, pairs, out)
    return datalist


def _fetch(choice: Choice, options: CohortOptions, fetching: Fetching) -> None:
    wanted = replace(choice.plan, series=tuple(wanted_series(choice, fetching.images)))
    try:
        download(wanted, fetching.images, endpoint=fetching.endpoint, workers=fetching.workers)
    except BundleError as error:
        if not options.skip_refused or len(wanted_series(choice, fetching.images)) == len(choice.plan.series):
            raise
        Console(stderr=True).print(f"going on without them: {error}", markup=False)


def _with_images(choice: Choice, options: CohortOptions, here: Mapping[str, Path], images: Path) -> Choice:
    """Return the choice without the pairs whose images are not here; stop unless ``skip_refused``."""
    missing = {
        series.uid: f"series {series.uid} is not in {images}" for series in choice.plan.series if series.uid not in here
    }
    missing |= {uid: f"series {uid}: {problem}" for uid, problem in missing_instances(here, choice.found).items()}
    lost = [
        (pair, f"{pair.name}: {missing[sighting.series_uid]}")
        for pair in choice.pairs
        for sighting in (pair.t0, pair.t1)
        if sighting.path is None and sighting.series_uid in missing
    ]
    if lost and not options.skip_refused:
        error = stop_at_refused([problem for _, problem in lost], str(images))
        error.remedy = "Fetch them by --download, or leave their pairs out, counted, by --skip_refused."
        raise error
    choice.flow.leave_out(
        "images are not here, or not all", "pairs", {pair.name: (pair, text) for pair, text in lost}.values()
    )
    names = {pair.name for pair, _ in lost}
    kept = [(pair, label) for pair, label in zip(choice.pairs, choice.labels, strict=True) if pair.name not in names]
    return replace(choice, pairs=tuple(pair for pair, _ in kept), labels=tuple(label for _, label in kept))


def _write_sheets(assembled: Sequence[AssembledPair], out: Path) -> None:
    boxes = {}
    for one in assembled:
        for sighting, place in zip((one.sightings.t0, one.sightings.t1), one.located, strict=True):
            if place.instance is not None and isinstance(sighting.place, PixelBox):
                name = f"{sighting.subject} {sighting.time} slice {sighting.place.slice_number}"
                boxes[name] = BoxOnSlice(name, place.instance, sighting.place)
    for number, sheet in enumerate(contact_sheets(list(boxes.values())), start=1):
        write_atomically(out / "contact_sheets" / f"sheet_{number:03d}.png", sheet)


def _report(
    choice: Choice, options: CohortOptions, datalist: Datalist, pairs: Sequence[FollowUpPair], out: Path
) -> None:
    settings = RoiSettings()
    sections: list[Section] = [
        flow_section(choice.flow),
        split_section(datalist),
        pairs_section(pairs),
        truncation_section(pairs, settings),
        _montage(pairs, out, settings, options.rois),
        plan_section(choice.plan),
        *left_out_sections(choice.flow),
    ]
    write_report(out, f"Cohort from {options.source}", sections)


def _montage(pairs: Sequence[FollowUpPair], out: Path, settings: RoiSettings, rois: Path | None) -> Section:
    cache = RoiCache(rois, settings)
    shown, refused = [], []
    for label in (1, 0):
        for pair in [pair for pair in pairs if pair.label == label][: MONTAGE_PAIRS // 2]:
            try:
                shown.append((f"{pair.name} {'malignant' if label else 'benign'}", cache.read(pair, out).array))
            except BundleError as error:
                refused.append(str(error))
    caption = f"Middle axial slice of the ROI at t0 (left) and t1 (right) of {len(shown)} pairs, lung window."
    section = montage_section(Picture("montage.png", montage(shown), caption)) if shown else Section("ROIs")
    return replace(section, items=tuple(f"not shown: {text}" for text in refused))


def _progress(places: Iterable[Place], total: int) -> Iterable[Place]:
    return track(places, "placing nodules", total, console=Console(stderr=True), transient=True)


def _write_flow(choice: Choice, out: Path) -> None:
    write_atomically(out / FLOW, json.dumps(choice.flow.to_records(), indent=1, ensure_ascii=False) + "\n")


def _series_csv(series: Sequence[IndexedSeries]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["PatientID", "StudyDate", "SeriesInstanceUID", "instances", "MB", "licence", "address"])
    writer.writerows(
        (harmless(one.patient), one.date, one.uid, one.instances, one.megabytes, one.licence, one.address)
        for one in series
    )
    return text.getvalue()
