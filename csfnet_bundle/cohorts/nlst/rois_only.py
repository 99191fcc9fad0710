"""A cohort without its images: of each series only the parts that the ROIs need are fetched, cut and deleted.

Patients are done one after the other, over as many shards as wanted; each that is done has a line in ``rois_only/``, so
that an interrupted run resumes. When all are done, the lists are written; they name images that are nowhere, for which
the ROI store stands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

from csfnet_bundle.cohorts.nlst.assembly import REFUSED, assemble
from csfnet_bundle.cohorts.nlst.choice import Choice, stop_at_refused
from csfnet_bundle.cohorts.nlst.flow import Flow, FlowStep
from csfnet_bundle.cohorts.nlst.hollow_series import HEAD_BYTES, HollowSeries
from csfnet_bundle.cohorts.nlst.needed_parts import fetch_headers, fetch_rows, fetch_slices, is_hu, matcher
from csfnet_bundle.cohorts.nlst.object_ranges import MOST_AT_ONCE, UNREACHABLE, Bucket
from csfnet_bundle.cohorts.nlst.sighting import Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs import RoiCache
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.match_parts import estimated_slices

DONE, PARTIAL = "rois_only", ".partial"
IMAGES = "images"
"""What the records' paths begin with, as if the images were there."""
USUAL_FIELD_MM = 350.0
"""Where a description does not tell it."""


@dataclass(frozen=True)
class RoisOnly:
    """How ROIs are fetched.

    Attributes:
        cache: the store that they go to, with the ROI's settings.
        endpoint: address of another S3 server than the public one.
        workers: requests at the same time.
        shard: which part of the patients, from 1, and of how many; None does what no shard has done.
    """

    cache: RoiCache
    endpoint: str | None = None
    workers: int = MOST_AT_ONCE
    shard: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise BundleError(
                f"shard {self.shard[0]}/{self.shard[1]} is none", remedy="Give e.g. 3/16, the third of 16 parts."
            )


def estimated_gigabytes(choice: Choice, cache: RoiCache) -> float:
    """Return about how much is read: all headers, and what a ROI with its margin or a match needs of the pixels.

    That is counted by the described spacing and field of view.
    """
    depth, height = (
        size * mm + 2 * margin
        for size, mm, margin in zip(cache.settings.size[:2], cache.settings.spacing, cache.margin_mm, strict=False)
    )
    unplaced = [pair for pair in choice.pairs if pair.t0.place is None]
    matched = {uid for pair in unplaced for uid in (pair.t0.series_uid, pair.t1.series_uid)}
    total = 0.0
    for one in choice.plan.series:
        if one.instances:
            slice_mm = one.nlst.slice_mm or 1.0
            width_mm = one.nlst.field_of_view_mm or USUAL_FIELD_MM
            slices = min(one.instances, ceil(depth / slice_mm) + 1) * min(1.0, height / width_mm)
            if one.uid in matched:
                slices = max(slices, estimated_slices(one.instances, slice_mm, width_mm))
            total += one.instances * HEAD_BYTES / 1e6 + slices * one.megabytes / one.instances
    return total / 1e3


def fetch_rois(choice: Choice, out: Path, fetching: RoisOnly, *, skip_refused: bool) -> list[FollowUpPair] | None:
    """Fetch what the ROIs of the pairs need, and store them.

    Args:
        choice: the pairs; what is rejected goes into its flow.
        out: the cohort's folder.
        fetching: from where and to where.
        skip_refused: count rejected pairs instead of stopping at the end.

    Returns:
        The pairs of the datalist; None where other shards have patients to do yet.

    Raises:
        BundleError: the server does not answer, or pairs are rejected (without ``skip_refused``).
    """
    patients = _by_patient(choice)
    done = {str(line["patient"]): line for line in _lines(out)}
    mine = [subject for subject in patients if subject not in done and _is_in(subject, fetching.shard)]
    bucket = Bucket(fetching.endpoint, fetching.workers)
    part = "all" if fetching.shard is None else "{}_of_{}".format(*fetching.shard)
    (out / DONE).mkdir(parents=True, exist_ok=True)
    with (
        progress_bar("fetching ROIs, patients", len(mine)) as advance,
        (out / DONE / f"{part}.jsonl").open("a") as file,
    ):
        if file.tell():
            file.write("\n")  # ends a line that a kill cut off
        for subject in mine:
            done[subject] = line = _do_patient(subject, patients[subject], out, fetching.cache, bucket)
            file.write(json.dumps(line) + "\n")
            file.flush()
            advance(1)
    if any(subject not in done for subject in patients):
        return None
    lines = [done[subject] for subject in patients]
    choice.flow.add_patients([FlowStep.from_record(step) for step in line["flow"]] for line in lines)
    names = {pair.name: pair for pair in choice.pairs}
    refused = [(names[name], text) for line in lines for name, text in line["refused"]]
    if refused and not skip_refused:
        raise stop_at_refused([text for _, text in refused], str(out))
    choice.flow.leave_out("scan, position, clinical value or ROI rejected", "pairs", refused)
    return [FollowUpPair.from_record(record) for line in lines for record in line["pairs"]]


def bytes_of(out: Path) -> tuple[int, int]:
    """Return the bytes that were read for all patients that are done, and those of their whole series."""
    lines = list(_lines(out))
    return sum(int(line["bytes"]) for line in lines), sum(int(line["whole_bytes"]) for line in lines)


def _do_patient(subject: str, choice: Choice, out: Path, cache: RoiCache, bucket: Bucket) -> dict[str, Any]:
    """Return what becomes of a patient's pairs; raises BundleError if the server does not answer."""
    place = out / PARTIAL / sha256(subject.encode()).hexdigest()[:16]
    before = bucket.bytes_read
    hollow = {series.uid: HollowSeries(series, place / series.uid) for series in choice.plan.series}
    refused: list[tuple[str, str]] = []
    records = []
    flow = Flow()
    try:
        broken = fetch_headers(hollow, bucket)
        whole = []
        for pair, label in zip(choice.pairs, choice.labels, strict=True):
            problem = broken.get(pair.t0.series_uid) or broken.get(pair.t1.series_uid)
            if problem is None:
                whole.append((pair, label))
            else:
                refused.append((pair.name, f"{pair.name}: {problem}"))
        choice = replace(choice, pairs=tuple(pair for pair, _ in whole), labels=tuple(label for _, label in whole))

        def scan_of(sighting: Sighting) -> Path:
            return Path(sighting.path) if sighting.path is not None else hollow[sighting.series_uid].folder

        assembled = assemble(
            replace(choice, flow=flow), out, scan_of, skip_refused=True, matcher=matcher(hollow, bucket)
        )
        (rejected,) = (step for step in flow.steps if step.what == REFUSED)
        refused += [(text.partition(":")[0], text) for text in rejected.records]
        for one in assembled:
            try:
                fetch_rows(one.pair, out, hollow, cache, bucket)
                if not is_hu(one.pair, out, cache):
                    fetch_slices(one.pair, out, hollow, cache, bucket)
                cache.read(one.pair, out)
            except BundleError as error:
                if UNREACHABLE in error.problem:
                    raise
                refused.append((one.pair.name, f"{one.pair.name}: {error}"))
                continue
            records.append(_as_if_whole(one.pair, hollow).to_record())
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return {
        "patient": subject,
        "pairs": records,
        "refused": refused,
        "flow": [step.to_record() for step in flow.steps if step.what != REFUSED],
        "bytes": bucket.bytes_read - before,
        "whole_bytes": sum(file.size for series in hollow.values() for file in series.files.values()),
    }


def _as_if_whole(pair: FollowUpPair, hollow: dict[str, HollowSeries]) -> FollowUpPair:
    def moved(scan: Any) -> Any:
        if scan is None or scan.series_uid not in hollow:
            return scan
        return replace(scan, path=f"{IMAGES}/{hollow[scan.series_uid].indexed.patient}/{scan.series_uid}")

    return replace(pair, t0=moved(pair.t0), t1=moved(pair.t1))


def _by_patient(choice: Choice) -> dict[str, Choice]:
    groups: dict[str, list[int]] = {}
    for number, pair in enumerate(choice.pairs):
        groups.setdefault(pair.subject, []).append(number)
    return {
        subject: replace(
            choice,
            pairs=tuple(choice.pairs[number] for number in numbers),
            labels=tuple(choice.labels[number] for number in numbers),
        )
        for subject, numbers in groups.items()
    }


def _is_in(subject: str, shard: tuple[int, int] | None) -> bool:
    if shard is None:
        return True
    return int(sha256(subject.encode()).hexdigest(), 16) % shard[1] == shard[0] - 1


def _lines(out: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of all shards; one that a kill cut off is passed over, and its patient done again."""
    for file in sorted((out / DONE).glob("*.jsonl")):
        for text in file.read_text(encoding="utf-8").splitlines():
            try:
                if text:
                    yield json.loads(text)
            except json.JSONDecodeError:
                continue
