"""A phantom cohort on disk: DICOM studies, tables, truth and datalist, made in parallel and in one step."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from csfnet_bundle.cohorts.phantom.dicom_writer import WrittenSeries, write_study
from csfnet_bundle.cohorts.phantom.label_model import LATER_GROWTHS, STEADY, shift_for_prevalence
from csfnet_bundle.cohorts.phantom.nifti_writer import write_nifti
from csfnet_bundle.cohorts.phantom.records import follow_up_pairs
from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.subject import DATES, Subject
from csfnet_bundle.cohorts.phantom.tables import write_tables
from csfnet_bundle.cohorts.phantom.two_nodules import TwoNoduleSubject
from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import require_writable, write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.records import DATALIST_NAME, Datalist, FollowUpPair, load_datalist, save_datalist

LABELLED_SECTIONS = ("training", "validation", "test")
INFERENCE_SUBJECTS = 3
FIRST_INFERENCE_NUMBER = 90_000
"""Subjects without a label are counted from here, so that more labelled ones leave them as they are; a six-digit
identifier has room for no more."""
LEFT_OUT_AT_DEFAULT = ("later_growth", "crops", "nodules")
"""Settings that a datalist tells only where they differ from the default."""
PHANTOM_VERSION = 1
"""Goes up when the same seed begins to give other scans."""
DICOM_FOLDER, NIFTI_FOLDER, SETTINGS, RECORDS, LOCK = "dicom", "nifti", "settings.json", ".records", ".lock"
NOTE = (
    "Phantom: scans, tables and labels are computed by csfnet_bundle's label model. No patient was scanned; results on "
    "these data say nothing about patients."
)


@dataclass(frozen=True)
class CohortSettings:
    """What a phantom cohort depends on; equal settings give equal bytes.

    Attributes:
        subjects: labelled subjects; a cohort of N is the beginning of one of N + 1.
        seed: of everything.
        screens: yearly screens, 2 to 8; with more than two, every two neighbouring screens make a pair.
        full_chest: whole chests of 512x512 pixels instead of patches of 192x192.
        split: shares of training, validation and test; each label is split so.
        prevalence: share of malignant nodules; None is the label model's own, 0.515.
        second_reconstruction: every exam has a second series, with a sharp kernel.
        inference: further subjects without a label.
        later_growth: after the second screen, ``"steady"`` or ``"slowing"``; see
            :func:`csfnet_bundle.cohorts.phantom.label_model.draw_latents`.
        crops: a scan is a NIfTI file that just holds a ROI, not a DICOM series: a fifth of the time, for experiments on
            many phantoms.
        nodules: in each ROI; with 2 a clinical value names the one that the label depends on, see
            :mod:`csfnet_bundle.cohorts.phantom.two_nodules`.
    """

    subjects: int = 64
    seed: int = 0
    screens: int = 2
    full_chest: bool = False
    split: tuple[float, float, float] = (0.6, 0.15, 0.25)
    prevalence: float | None = None
    second_reconstruction: bool = False
    inference: int = INFERENCE_SUBJECTS
    later_growth: str = STEADY
    crops: bool = False
    nodules: int = 1

    def __post_init__(self) -> None:
        whole = {"subjects": (1, FIRST_INFERENCE_NUMBER), "seed": (0, 2**63), "screens": (2, len(DATES))}
        whole |= {"inference": (0, 99_999 - FIRST_INFERENCE_NUMBER), "nodules": (1, 2)}
        for name, (low, high) in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise BundleError(f"{name} is {value!r}, expected a whole number from {low} to {high}")
        if len(self.split) != 3 or min(self.split) < 0 or abs(sum(self.split) - 1) > 1e-6:
            raise BundleError(f"split is {self.split!r}, expected shares of training, validation and test with sum 1")
        if self.later_growth not in LATER_GROWTHS:
            raise BundleError(f"later_growth is {self.later_growth!r}, expected {' or '.join(LATER_GROWTHS)}")
        if self.crops and (self.full_chest or self.second_reconstruction):
            raise BundleError("crops are asked for, which are neither whole chests nor have a second reconstruction")
        shift_for_prevalence(self.prevalence)
        if self.nodules > 1 and (self.screens, self.prevalence) != (2, None):
            raise BundleError(
                f"screens is {self.screens} and prevalence {self.prevalence}; with two nodules there are two screens, "
                "and the prevalence is the label model's own"
            )

    def all_subjects(self) -> list[Subject]:
        """Return the labelled subjects and, after them, those without a label."""
        numbers = [*range(self.subjects), *range(FIRST_INFERENCE_NUMBER, FIRST_INFERENCE_NUMBER + self.inference)]
        kind = TwoNoduleSubject if self.nodules > 1 else Subject
        return [kind(self.seed, number, self.screens, self.prevalence, self.later_growth) for number in numbers]

    def to_plain(self) -> dict[str, object]:
        """Return plain values, as the datalist's provenance has them."""
        plain = {"phantom_version": PHANTOM_VERSION, **asdict(self), "split": list(self.split)}
        for name in LEFT_OUT_AT_DEFAULT:
            if plain[name] == getattr(CohortSettings, name):
                del plain[name]  # cohorts made before there was a choice stay the same
        return plain


def make_cohort(
    out: str | Path,
    settings: CohortSettings | None = None,
    *,
    workers: int | None = None,
    show_progress: bool = True,
) -> Path:
    """Make a phantom cohort, or return the one that is there already with the same settings.

    The folder ``out`` appears when all is done. An interrupted run keeps its finished subjects in a hidden folder
    beside it, and the same call goes on from there.

    Args:
        out: the folder to make.
        settings: what to make.
        workers: processes; None takes one for each processor.
        show_progress: show progress and the time left on stderr.

    Returns:
        The cohort's folder: ``datalist.json``, ``prsn.csv``, ``ctab.csv``, ``truth.csv`` and ``dicom/`` (or ``nifti/``
        where the scans are crops).

    Raises:
        BundleError: ``out`` holds something else, or the run was interrupted.
    """
    out, settings = Path(out), settings or CohortSettings()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        _check_same(out, settings)
        return out
    require_writable(out)
    partial = out.parent / f".{out.name}.partial"
    with _locked(partial, settings):
        subjects = settings.all_subjects()
        _write_studies(partial, settings, subjects, workers, show_progress)
        _write_lists(partial, settings, subjects)
        shutil.rmtree(partial / RECORDS)
        for name in (SETTINGS, LOCK):
            (partial / name).unlink()
        partial.replace(out)
    return out


def stratified_sections(labels: Sequence[int], split: Sequence[float]) -> list[str]:
    """Return a section for each subject: each label is split by the shares.

    No later subject moves an earlier one: each goes to the section that is farthest behind its share.
    """
    counts = {label: [0] * len(split) for label in (0, 1)}
    sections = []
    for label in labels:
        count = counts[label]
        expected = [share * (sum(count) + 1) - have for share, have in zip(split, count, strict=True)]
        chosen = expected.index(max(expected))
        count[chosen] += 1
        sections.append(LABELLED_SECTIONS[chosen])
    return sections


def _check_same(out: Path, settings: CohortSettings) -> None:
    remedy = "Name another folder by --out, or remove this one."
    if not (out / DATALIST_NAME).is_file():
        raise BundleError("the folder is there and holds no phantom cohort", record=str(out), remedy=remedy)
    there = load_datalist(out).header.get("provenance")
    wanted = settings.to_plain()
    known = there if isinstance(there, dict) else {}
    values = {name: value for name, value in known.items() if name in (*wanted, *LEFT_OUT_AT_DEFAULT)}
    check_same_settings(values, wanted, record=str(out), what="a cohort", remedy=remedy)


@contextmanager
def _locked(partial: Path, settings: CohortSettings) -> Iterator[None]:
    """Open the hidden folder for these settings: empty, or as an interrupted run with the same settings left it."""
    partial.mkdir(parents=True, exist_ok=True)
    with (partial / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BundleError(
                "another process is making this cohort", record=str(partial), remedy="Wait for it to end."
            ) from None
        wanted = json.dumps(settings.to_plain())
        kept = partial / SETTINGS
        if not kept.is_file() or kept.read_text(encoding="utf-8") != wanted:
            for folder in (partial / DICOM_FOLDER, partial / NIFTI_FOLDER, partial / RECORDS):
                shutil.rmtree(folder, ignore_errors=True)
        write_atomically(kept, wanted)
        (partial / RECORDS).mkdir(exist_ok=True)
        yield


def _write_studies(
    partial: Path, settings: CohortSettings, subjects: Sequence[Subject], workers: int | None, show_progress: bool
) -> None:
    left = [subject for subject in subjects if not _record_path(partial, subject).is_file()]
    workers = min(workers or len(os.sched_getaffinity(0)), max(len(left), 1))
    with progress_bar("Phantom cohort", len(subjects), show=show_progress) as advance:
        advance(len(subjects) - len(left))
        if workers == 1:
            with _interruptible(partial):
                for subject in left:
                    _write_subject(partial, settings, subject)
                    advance(1)
            return
        # A fresh interpreter for each worker: a fork of a process with running threads (torch has some) can hang.
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        try:
            with _interruptible(partial):
                futures = [pool.submit(_write_subject, partial, settings, subject) for subject in left]
                for future in as_completed(futures):
                    future.result()
                    advance(1)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _interruptible(partial: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        done = len(list((partial / RECORDS).glob("*.json")))
        raise BundleError(
            f"interrupted after {done} subjects", record=str(partial), remedy="The same command resumes."
        ) from None


def _record_path(partial: Path, subject: Subject) -> Path:
    return partial / RECORDS / f"{subject.number:06d}.json"


def _write_subject(partial: Path, settings: CohortSettings, subject: Subject) -> None:
    """Write all studies of a subject, then its record; a record on disk means that the studies are complete."""
    folder = partial / DICOM_FOLDER / subject.patient_id
    shutil.rmtree(folder, ignore_errors=True)
    region = Region.CHEST if settings.full_chest else Region.PATCH
    points, written = [], []
    if settings.crops:
        _write_crops(partial, settings, subject)
        return
    for screen in range(settings.screens):
        scan = render_scan(subject, screen, region)
        second = None
        if settings.second_reconstruction:
            scanner = scan.acquisition.scanner.with_other_kernel()
            second = (scanner, render_scan(subject, screen, region, scanner=scanner))
        written.append(write_study(folder / DATES[screen], subject, screen, scan, second))
        points.append(scan.point)
    pairs = follow_up_pairs(subject, points, [_portable(series, partial) for series in written])
    record = {
        "pairs": [pair.to_record() for pair in pairs],
        "slices": [series.instance_of_nodule for series in written],
    }
    write_atomically(_record_path(partial, subject), json.dumps(record))


def _write_crops(partial: Path, settings: CohortSettings, subject: Subject) -> None:
    """Write each scan of a subject as a NIfTI file that holds the ROI, then the record."""
    folder = partial / NIFTI_FOLDER / subject.patient_id
    folder.mkdir(parents=True, exist_ok=True)
    points, files, slices = [], [], []
    for screen in range(settings.screens):
        scan = render_scan(subject, screen, Region.ROI)
        path = folder / f"{DATES[screen]}.nii"
        write_nifti(path, scan)
        points.append(scan.point)
        files.append((path.relative_to(partial).as_posix(), None))
        slices.append(1 + round((scan.nodule[2] - scan.affine[2, 3]) / scan.affine[2, 2]))
    record = {
        "pairs": [pair.to_record() for pair in follow_up_pairs(subject, points, files)],
        "slices": slices,
    }
    write_atomically(_record_path(partial, subject), json.dumps(record))


def _portable(series: WrittenSeries, partial: Path) -> tuple[str, str]:
    """Return the study's folder relative to the cohort, and the series UID."""
    return series.folder.parent.relative_to(partial).as_posix(), series.series_uid


def _write_lists(partial: Path, settings: CohortSettings, subjects: Sequence[Subject]) -> None:
    records = [json.loads(_record_path(partial, subject).read_text(encoding="utf-8")) for subject in subjects]
    labels = [subject.label for subject in subjects[: settings.subjects]]
    sections = stratified_sections(labels, settings.split) + ["inference"] * settings.inference
    lists: dict[str, list[FollowUpPair]] = {name: [] for name in (*LABELLED_SECTIONS, "inference")}
    for record, section in zip(records, sections, strict=True):
        for values in record["pairs"]:
            if section == "inference":
                del values["label"]
            lists[section].append(FollowUpPair.from_record(values))
    write_tables(partial, subjects, [record["slices"] for record in records], sections)
    header = {
        "name": "phantom cohort",
        "description": NOTE,
        "provenance": {"note": NOTE, **settings.to_plain()},
    }
    save_datalist(Datalist(partial, {name: tuple(pairs) for name, pairs in lists.items()}, header))
