"""The files of predicted pairs: of each a picture, a report and the attention, and one table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.alarm import alarms, notes
from csfnet_bundle.core.files import atomic_folder
from csfnet_bundle.core.processor_time import share
from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME, write_prediction_rows
from csfnet_bundle.prediction.cases import predicted_case
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.dicom_results import DicomResults
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import Datalist, FollowUpPair, save_datalist
from csfnet_bundle.report import (
    Case,
    CaseImages,
    NodulePage,
    file_stem,
    write_attention_nifti,
    write_case_picture,
    write_case_report,
    write_patient_report,
)
from csfnet_bundle.report.scan_pictures import ScanPictures
from csfnet_bundle.report.words import trained_on
from csfnet_bundle.scans.dicom import SeriesSummary

BAND = ("probability_clicks_lowest", "probability_clicks_highest")
"""Columns of the band over clicks."""

FINDING_COLUMNS = ("warnings", "findings")
"""Columns of what a reader must see before the number, and of what else was noticed."""
BETWEEN_FINDINGS = " | "

SPREAD = ("networks", "probability_lowest", "probability_highest", "probability_sd")
"""Columns of an ensemble's predictions: how many networks, their extremes and their standard deviation."""


class CaseFiles:
    """Writes ``predictions.csv`` and, per pair, a picture, an HTML report and the attention as NIfTI.

    Args:
        folder: where the files go; made if absent.
        checkpoint: the weights that predict.
        checkpoint_path: where they lie.
        items: the pairs and their folders (see :func:`csfnet_bundle.training.datalist_items`): for DICOM objects, and
            to know which patients have several nodules.
        dicom_out: also write the results as DICOM objects (extra ``dicom-sr``).
        follow_links: whether the scans were found through symbolic links, which the DICOM objects then need too.
        supersedes: an earlier report on the same nodule, which the DICOM report replaces.

    Raises:
        BundleError: DICOM objects are asked for, but highdicom is not installed or a scan is no DICOM series.
    """

    def __init__(
        self,
        folder: Path,
        checkpoint: ModelCheckpoint,
        checkpoint_path: Path,
        items: Sequence[Mapping[str, Any]] = (),
        *,
        dicom_out: bool = False,
        follow_links: bool = False,
        supersedes: Path | None = None,
    ) -> None:
        self.folder = folder
        self._checkpoint = checkpoint
        self._dicom_results = (
            DicomResults(checkpoint_path, items, folder, follow_links=follow_links, supersedes=supersedes)
            if dicom_out
            else None
        )
        self._rows: list[dict[str, Any]] = []
        self._items = items  # of the phantom cohort, which the run itself makes: not to be looked at before
        self._pages: dict[str, list[NodulePage]] = {}

    def clear(self) -> None:
        """Begin a new table."""
        self._rows.clear()
        self._pages.clear()

    def write_case(
        self,
        case: Case,
        images: CaseImages,
        logit: float,
        affine: NDArray[np.float64],
        series: Mapping[str, SeriesSummary | None],
        pictures: Mapping[str, ScanPictures] | None = None,
    ) -> Path:
        """Write a pair's files and take it into the table; return the path of its report.

        With the last nodule of a patient who has several, the page of all of them is written too.

        Args:
            case: the prediction.
            images: what the network saw, and its attention.
            logit: of malignant minus of benign.
            affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm.
            series: which series each scan was read from.
            pictures: what the report shows of the scans; without it, it shows the ROIs.
        """
        stem = file_stem(case.subject, case.nodule)
        write_case_picture(self.folder / f"{stem}.png", case, images, pictures)
        report = write_case_report(self.folder, case, images, pictures)
        self._write_patient(case, report)
        if images.attention is not None:
            path = self.folder / f"{stem}_attention.nii.gz"
            write_attention_nifti(path, images.attention, affine, images.size)
        if self._dicom_results is not None:
            captured = {"The pair": (self.folder / f"{stem}.png").read_bytes()}
            self._dicom_results.write(case, images, affine, captured)
        row = {"subject": case.subject, "nodule": case.nodule, "logit": logit, "label": case.label}
        measured = {} if case.measured is None else case.measured.columns()
        spread = _spread(case.member_probabilities)
        found = {FINDING_COLUMNS[0]: _joined(alarms(case.findings)), FINDING_COLUMNS[1]: _joined(notes(case.findings))}
        caveat = {"caveat": case.caveat} if case.caveat else {}
        self._rows.append(
            {**row, **spread, **series_columns(series), **_band(case.band), **measured, **found, **caveat}
        )
        return report

    @cached_property
    def _nodules(self) -> Counter[str]:
        """Return how many nodules each patient has."""
        return Counter(item["pair"].subject for item in self._items)

    def _write_patient(self, case: Case, report: Path) -> None:
        """Write the page of all nodules of a patient once the last of them is there."""
        if self._nodules[case.subject] < 2:
            return
        pages = self._pages.setdefault(case.subject, [])
        pages.append(NodulePage(report, case.nodule, case.probability, bool(alarms(case.findings))))
        if len(pages) == self._nodules[case.subject]:
            write_patient_report(self.folder, case.subject, self._pages.pop(case.subject), trained_on(case.weights))

    def write_table(self) -> Path:
        """Write the table of the pairs so far and return its path."""
        path = self.folder / PREDICTIONS_NAME
        rows = [{**row, "weights_trained_on": self._checkpoint.trained_on} for row in self._rows]
        write_prediction_rows(path, rows, self._checkpoint.decision)
        return path


@share("page")
def write_prediction(
    prediction: Prediction,
    checkpoint: ModelCheckpoint,
    checkpoint_path: Path,
    folder: Path,
    *,
    dicom_out: bool = False,
    follow_links: bool = False,
    supersedes: Path | None = None,
    record: FollowUpPair | None = None,
) -> Path:
    """Write the files of one prediction, and the datalist of the pair, into a new folder; return the report's path.

    Args:
        prediction: of :class:`csfnet_bundle.prediction.predictor.Predictor`.
        checkpoint: the weights that it was made with.
        checkpoint_path: where they lie.
        folder: must not exist; appears when all is written.
        dicom_out: also write DICOM objects.
        follow_links: whether the scans were found through symbolic links.
        supersedes: an earlier report on the same nodule, which the DICOM report replaces.
        record: what the datalist says of the pair, where its scans lay in a temporary folder.

    Raises:
        BundleError: as :class:`CaseFiles`.
    """
    pair = prediction.pair
    with atomic_folder(folder) as working:
        save_datalist(Datalist(working, {"inference": (record or pair,)}, {"name": f"prediction of {pair.name}"}))
        items = [{"pair": pair, "datalist_folder": working}]
        files = CaseFiles(
            working,
            checkpoint,
            checkpoint_path,
            items,
            dicom_out=dicom_out,
            follow_links=follow_links,
            supersedes=supersedes,
        )
        case, images = predicted_case(prediction, checkpoint, checkpoint_path)
        series = dict(zip(("t0", "t1"), prediction.series, strict=True))
        affine, pictures = prediction.affines[1], prediction.pictures
        report = files.write_case(case, images, prediction.logit, affine, series, pictures)
        files.write_table()
    return folder / report.name


def _joined(findings: Sequence[str]) -> str | None:
    return BETWEEN_FINDINGS.join(findings) or None


def _band(band: tuple[float, float] | None) -> dict[str, float]:
    return {} if band is None else dict(zip(BAND, band, strict=True))


def series_columns(series: Mapping[str, SeriesSummary | None]) -> dict[str, object]:
    """Return the columns that say which series each scan was read from."""
    columns: dict[str, object] = {}
    for scan, item in series.items():
        columns |= {
            f"{scan}_series_uid": item and item.uid,
            f"{scan}_series_description": item and item.description,
            f"{scan}_image_type": item and item.image_type,
            f"{scan}_kernel": item and item.kernel,
            f"{scan}_slice_thickness_mm": item and item.slice_thickness_mm,
            f"{scan}_slices": item and item.slices,
            f"{scan}_other_series": item and len(item.others),
        }
    return columns


def _spread(members: tuple[float, ...]) -> dict[str, float]:
    if not members:
        return {}
    values = (len(members), min(members), max(members), float(np.std(members, ddof=1)))
    return dict(zip(SPREAD, values, strict=True))
