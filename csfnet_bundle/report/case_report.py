"""The report of a case, or of several nodules of a patient: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from csfnet_bundle.core.files import file_stem
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_sections import nodule_section
from csfnet_bundle.report.page import write_page
from csfnet_bundle.report.scan_pictures import ScanPictures
from csfnet_bundle.report.words import NOT_A_DEVICE, date_words, days, trained_on

ALL_NODULES = "all"
"""In place of a nodule's name, in the file name of a patient's page."""

Pictures = Mapping[str, ScanPictures]
"""Of the scans of a pair, by name (t0, t1)."""


def write_case_report(folder: Path, case: Case, images: CaseImages, pictures: Pictures | None = None) -> Path:
    """Write the report of a case as ``SUBJECT_NODULE.html`` and return its path.

    Args:
        folder: made if absent; a report of the same pair in it is replaced in one step.
        case: the prediction and what is known about the pair.
        images: what the network saw, and its attention.
        pictures: of both scans; without them the page shows the ROIs.
    """
    path = folder / f"{file_stem(case.subject, case.nodule)}.html"
    title = f"Nodule {case.nodule} of patient {case.subject}"
    _write(path, title, case, [nodule_section(case, images, pictures or {}, "nodule-1")])
    return path


def write_patient_report(folder: Path, nodules: Sequence[tuple[Case, CaseImages, Pictures]]) -> Path:
    """Write one page with all nodules of a patient as ``SUBJECT_all.html`` and return its path.

    Args:
        folder: made if absent.
        nodules: of one patient, each with its images and its pictures; not empty.
    """
    first = nodules[0][0]
    path = folder / f"{file_stem(first.subject, ALL_NODULES)}.html"
    sections = [
        nodule_section(case, images, pictures, f"nodule-{number}")
        for number, (case, images, pictures) in enumerate(nodules, 1)
    ]
    _write(path, f"{len(nodules)} nodules of patient {first.subject}", first, sections)
    return path


def _write(path: Path, title: str, case: Case, sections: list[dict[str, object]]) -> None:
    write_page(
        path,
        "case.html",
        {
            "title": title,
            "subtitle": _subtitle(case),
            "not_a_device": NOT_A_DEVICE,
            "trained_on": trained_on(case.weights),
            "contents": len(sections) > 1,
            "nodules": sections,
        },
    )


def _subtitle(case: Case) -> str:
    dates = f"t0 {date_words(case.date_t0)}, " if case.prior else "no t0, "
    dates += f"t1 {date_words(case.date_t1)}"
    return dates if case.interval_days is None else f"{dates}, {days(case.interval_days)} apart"
