"""The report of a case: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from csfnet_bundle.core.files import file_stem
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_sections import nodule_section
from csfnet_bundle.report.page import write_page
from csfnet_bundle.report.scan_pictures import ScanPictures
from csfnet_bundle.report.words import NOT_A_DEVICE, date_words, days, trained_on

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
    write_page(
        path,
        "case.html",
        {
            "title": f"Nodule {case.nodule} of patient {case.subject}",
            "subtitle": _subtitle(case),
            "not_a_device": NOT_A_DEVICE,
            "trained_on": trained_on(case.weights),
            "nodule": nodule_section(case, images, pictures or {}),
        },
    )
    return path


def _subtitle(case: Case) -> str:
    dates = f"t0 {date_words(case.date_t0)}, " if case.prior else "no t0, "
    dates += f"t1 {date_words(case.date_t1)}"
    return dates if case.interval_days is None else f"{dates}, {days(case.interval_days)} apart"
