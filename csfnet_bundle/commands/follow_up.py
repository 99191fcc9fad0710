"""``follow-up``: a nodule of a study in a PACS, predicted against the patient's prior."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from csfnet_bundle.commands.bundle_run import chosen_weights
from csfnet_bundle.commands.options import Point
from csfnet_bundle.commands.showing import print_alarms, print_origin, print_prediction
from csfnet_bundle.core.extras import require_extra

if TYPE_CHECKING:
    from csfnet_bundle.serving.pacs.follow_up import FollowUpResult


def follow_up(
    *,
    pacs: str,
    study: str,
    point1: Point,
    space: Literal["LPS", "RAS"] = "LPS",
    prior: str | None = None,
    describes: str | None = None,
    series0: str | None = None,
    series1: str | None = None,
    clinical: Path | None = None,
    nodule: str = "1",
    store: bool = False,
    checkpoint: Path | None = None,
    out: Path = Path("output/follow_up"),
) -> None:
    r"""Predict a nodule of a study in a PACS against the patient's prior chest CT, over DICOMweb.

    Finds the prior, chooses the pair of series as the reader does, fetches only the slices that are needed, finds the
    nodule in the prior, predicts and measures, and writes the results to a folder; with --store also into the study.
    Credentials come from the environment: CSFNET_PACS_TOKEN, or CSFNET_PACS_USER and CSFNET_PACS_PASSWORD, or
    CSFNET_PACS_CERT and CSFNET_PACS_KEY; CSFNET_PACS_CA names the authority to trust.

    Args:
        pacs: address of the DICOMweb service.
        study: StudyInstanceUID of the later scan.
        point1: the nodule's centre in it, mm.
        space: of the point.
        prior: StudyInstanceUID of the earlier scan; by default the latest chest CT before.
        describes: regular expression that a chest CT's description or body part matches.
        series0: SeriesInstanceUID to read from the prior.
        series1: SeriesInstanceUID to read from the later scan.
        clinical: file with the patient's NLST codes, JSON or CSV.
        nodule: a name for the nodule: the same one in each of the patient's studies.
        store: store report, outlines, captures and PDF into the study.
        checkpoint: weights to use; by default those of your own training, else the bundle's models/model.pt, trained
            on phantoms. models/nodules/model.pt is the bundle's other file (docs/real_nodules.md).
        out: folder to write; must not exist.

    Examples:
        csfnet follow-up --pacs https://pacs.example/dicom-web --study 1.2.840.1 --point1=-60.8,41,-180 --out case
        csfnet follow-up --pacs https://pacs.example/dicom-web --study 1.2.840.1 --point1=-60.8,41,-180 --store
        csfnet follow-up --pacs http://127.0.0.1:8042/dicom-web --study 1.2.840.1 --point1=60.8,-41,-180 \
            --space RAS --prior 1.2.840.2 --clinical patient.json
    """
    require_extra("pacs", "dicomweb_client", "highdicom")
    from csfnet_bundle.geometry import Point as Place
    from csfnet_bundle.geometry import Space
    from csfnet_bundle.prediction.predictor import load
    from csfnet_bundle.records import read_clinical
    from csfnet_bundle.serving.pacs.access import Access
    from csfnet_bundle.serving.pacs.follow_up import FollowUpRequest, follow_up
    from csfnet_bundle.serving.pacs.priors import CHEST
    from csfnet_bundle.serving.pacs.service import DicomWebService

    service = DicomWebService(Access.from_environment(pacs))
    weights = chosen_weights(checkpoint)
    predictor = load(weights)
    request = FollowUpRequest(
        study=study,
        point1=Place(point1, Space(space)),
        out=out,
        nodule=nodule,
        clinical=None if clinical is None else read_clinical(clinical, predictor.checkpoint.code_book),
        prior=prior,
        series0=series0,
        series1=series1,
        describes=CHEST if describes is None else describes,
        store=store,
    )
    result = follow_up(service, predictor, weights, request)
    print_alarms(result.prediction)
    _show(result)


def _show(result: FollowUpResult) -> None:
    prediction = result.prediction
    print(f"prior: {result.prior.date}, {result.prior.description or 'no description'}")
    for name, (count, total) in result.fetched.items():
        print(f"  {name}: {count} of {total} instances, {result.received.get(name, 0) / 1e6:.1f} MB")
    others = sum(size for name, size in result.received.items() if name not in result.fetched)
    print(f"  searches, headers and reports: {others / 1e6:.1f} MB")
    print_prediction(prediction)
    print("the point in t0 was matched automatically and is not confirmed")
    if result.stored is not None:
        print(f"stored: {result.stored[0]} objects; there already: {result.stored[1]}")
    print_origin(prediction, result.report)
