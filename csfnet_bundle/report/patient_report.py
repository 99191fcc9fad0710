"""One page with all nodules of a patient, put together from their case pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.files import file_stem
from csfnet_bundle.report.case_sections import identifier_of, nodule_heading
from csfnet_bundle.report.page import write_page
from csfnet_bundle.report.words import NOT_A_DEVICE

ALL_NODULES = "all"
"""In place of a nodule's name, in the file name of a patient's page."""
_ARTICLE = re.compile(r"<article .*?</article>", re.DOTALL)


@dataclass(frozen=True)
class NodulePage:
    """A nodule's case page.

    Attributes:
        path: the page, as :func:`csfnet_bundle.report.case_report.write_case_report` wrote it.
        nodule: the nodule's name.
        probability: of malignancy.
        has_alarms: whether something speaks against the input.
    """

    path: Path
    nodule: str
    probability: float
    has_alarms: bool


def patient_page(folder: Path, subject: str) -> Path:
    """Return the path of a patient's page."""
    return folder / f"{file_stem(subject, ALL_NODULES)}.html"


def write_patient_report(folder: Path, subject: str, nodules: Sequence[NodulePage], trained_on: str) -> Path:
    """Write one page with all nodules of a patient as ``SUBJECT_all.html`` and return its path.

    Args:
        folder: made if absent.
        subject: PatientID.
        nodules: of the patient, in the page's order.
        trained_on: the line on the weights' origin.
    """
    path = patient_page(folder, subject)
    write_page(
        path,
        "patient.html",
        {
            "title": f"{len(nodules)} nodules of patient {subject}",
            "not_a_device": NOT_A_DEVICE,
            "trained_on": trained_on,
            "nodules": [
                {
                    "id": identifier_of(one.nodule),
                    "heading": nodule_heading(one.nodule, one.probability),
                    "alarms": one.has_alarms,
                    "article": _article(one.path),
                }
                for one in nodules
            ],
        },
    )
    return path


def _article(page: Path) -> str:
    """Return what a case page says of its nodule, as HTML."""
    article: str
    (article,) = _ARTICLE.findall(page.read_text(encoding="utf-8"))
    return article
