"""A prediction for a study in a PACS: find the prior, fetch what is needed, predict, store the result."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.core.files import require_new
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs.matching import MATCH_KEY
from csfnet_bundle.prediction.case_files import write_prediction
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import DATALIST_NAME
from csfnet_bundle.records.pair import MATCHED
from csfnet_bundle.serving.pacs.priors import CHEST, StudyFound, choose_pair, current_study, prior_studies
from csfnet_bundle.serving.pacs.service import DicomWebService
from csfnet_bundle.serving.pacs.slices import FetchedPair, fetch_pair
from csfnet_bundle.serving.pacs.storing import earlier_report, store_result


@dataclass(frozen=True)
class FollowUpRequest:
    """What to predict.

    Attributes:
        study: StudyInstanceUID of the later scan.
        point1: the nodule's centre in it, LPS or RAS.
        out: folder for the results; must not exist.
        nodule: a name for the nodule.
        clinical: NLST codes by variable.
        prior: StudyInstanceUID of the earlier scan; None to find it.
        series0: SeriesInstanceUID to read from the prior.
        series1: the same of the later scan.
        describes: regular expression for a chest CT's description or body part.
        store: whether the result goes into the PACS.
    """

    study: str
    point1: Point
    out: Path
    nodule: str = "1"
    clinical: Mapping[str, object] | None = None
    prior: str | None = None
    series0: str | None = None
    series1: str | None = None
    describes: str = CHEST
    store: bool = False


@dataclass(frozen=True)
class FollowUpResult:
    """What came out.

    Attributes:
        prediction: of the pair.
        report: path of the HTML report.
        prior: the study that was taken for t0.
        fetched: slices by what they are: fetched, and in all.
        received: bytes received by what they were asked for.
        stored: objects stored, and those that were there already; None where nothing was to be stored.
    """

    prediction: Prediction
    report: Path
    prior: StudyFound
    fetched: Mapping[str, tuple[int, int]]
    received: Mapping[str, int]
    stored: tuple[int, int] | None = None


def follow_up(
    service: DicomWebService, predictor: Predictor, weights: Path, request: FollowUpRequest
) -> FollowUpResult:
    """Predict a nodule of a study in a PACS against the patient's prior.

    The scans' slices lie in a temporary folder while this runs and are removed at its end, however it ends.

    Args:
        service: the PACS.
        predictor: the loaded weights.
        weights: where they lie.
        request: what to predict.

    Raises:
        Refusal: no pair can be chosen, the nodule is not found in the prior, or a scan cannot be read right.
        BundleError: the PACS fails, has no such study, or no prior; ``out`` exists.
    """
    import_extra("highdicom", "dicom-sr")
    require_new(request.out)
    current = current_study(service, request.study)
    priors = prior_studies(service, current, request.describes, request.prior)
    with tempfile.TemporaryDirectory(prefix="csfnet_pacs_") as temporary:
        folder = Path(temporary)
        pair = choose_pair(
            service, current, priors, folder / "headers", series0=request.series0, series1=request.series1
        )
        fetched = fetch_pair(service, pair, request.point1, folder)
        prediction = predictor.predict(
            fetched.folder1,
            fetched.match.point1,
            t0=fetched.folder0,
            point0=fetched.match.point0,
            clinical=request.clinical,
            nodule=request.nodule,
            measure=True,
            pictures=True,
        )
        prediction = _as_matched(prediction, fetched, pair.skipped)
        supersedes = _earlier(service, request, current, folder)
        report = write_prediction(
            prediction, predictor.checkpoint, weights, request.out, dicom_out=True, supersedes=supersedes
        )
    (request.out / DATALIST_NAME).unlink()  # its scans are gone
    stored = store_result(service, sorted(request.out.glob("*.dcm"))) if request.store else None
    prior = next(study for study in priors if study.uid == pair.t0.study_uid)
    return FollowUpResult(prediction, report, prior, fetched.slices, dict(service.received), stored)


def _as_matched(prediction: Prediction, fetched: FetchedPair, skipped: tuple[str, ...]) -> Prediction:
    """Return the prediction with what is known about its point in t0: nobody gave it."""
    match, scan0 = fetched.match, prediction.pair.t0
    assert scan0 is not None
    figures = {"votes": match.votes, "spread_mm": round(match.spread, 3), "findings": list(match.findings)}
    scan0 = replace(scan0, point_source=MATCHED, extra={**scan0.extra, MATCH_KEY: figures})
    return replace(
        prediction,
        pair=replace(prediction.pair, t0=scan0),
        findings=(*prediction.findings, *match.findings, *skipped),
    )


def _earlier(service: DicomWebService, request: FollowUpRequest, current: StudyFound, folder: Path) -> Path | None:
    """Return the file of the earlier report that a stored one supersedes."""
    if not request.store:
        return None
    from csfnet_bundle.report.dicom.uids import tracking_uid

    report = earlier_report(service, request.study, tracking_uid(current.issuer, current.patient_id, request.nodule))
    if report is None:
        return None
    path = folder / "earlier_report.dcm"
    report.save_as(path, enforce_file_format=True)
    return path
