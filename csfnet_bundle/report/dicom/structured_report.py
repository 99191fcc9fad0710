"""The prediction as a Structured Report: TID 1500, Measurement Report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import highdicom
import numpy as np
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.dicom.source import Source
from csfnet_bundle.report.words import NOT_A_DEVICE, trained_on

MANUFACTURER = "csfnet_bundle developers"
MODEL = "csfnet_bundle"
ALGORITHM = "CSF-Net"

REPORT_SERIES, MAP_SERIES = 9001, 9002
"""Series numbers, far above those that a scanner gives."""

DIGEST_SHOWN = 16
"""Hexadecimal digits of the weights' SHA-256 that stand as serial number: enough to tell weights apart."""

DECIMALS = 1
"""Of the probability in per cent: a calibrated network does not know more."""


def structured_report(
    t1: Source, t0: Source | None, case: Case, weights_sha256: str, further_evidence: Sequence[Dataset] = ()
) -> sr.Comprehensive3DSR:
    """Return the report of a pair, in the study of t1.

    It holds the nodule's point in t1's frame of reference (SCOORD3D) with the probability, the same nodule's point in
    t0's frame of reference, the model's identity (name, version, digest of the weights, what they were trained on,
    inputs missing) and, as evidence, every instance of both studies. It is preliminary and unverified.

    Args:
        t1: the later scan.
        t0: the earlier scan; None where there is none.
        case: the prediction.
        weights_sha256: of the checkpoint's file, hexadecimal.
        further_evidence: other objects that belong to the result, e.g. the parametric map.
    """
    tracking_uid = highdicom.UID()
    groups = [_group("t1", 2, t1, case, tracking_uid, weights_sha256, case.probability)]
    if t0 is not None:
        groups.append(_group("t0", 1, t0, case, tracking_uid, weights_sha256, None))
    content = sr.MeasurementReport(
        observation_context=_observer(weights_sha256),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    evidence = [*t1.instances, *further_evidence, *(() if t0 is None else t0.instances)]
    report = sr.Comprehensive3DSR(
        evidence=evidence,  # the first one gives patient and study
        content=content,
        series_instance_uid=highdicom.UID(),
        series_number=REPORT_SERIES,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    report.ManufacturerModelName = MODEL
    report.SoftwareVersions = __version__
    report.SeriesDescription = "Nodule malignancy, research only"
    return report


def _observer(weights_sha256: str) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=highdicom.UID(),
        name=ALGORITHM,
        manufacturer_name=MANUFACTURER,
        model_name=f"{MODEL} {__version__}",
        serial_number=weights_sha256[:DIGEST_SHOWN],
    )
    context = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    return sr.ObservationContext(observer_device_context=context)


def _group(
    name: str,
    order: int,
    source: Source,
    case: Case,
    tracking_uid: str,
    weights_sha256: str,
    probability: float | None,
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """The nodule at one time point; with the probability where it belongs, to the later one."""
    region = sr.ImageRegion3D(
        graphic_type=sr.GraphicTypeValues3D.POINT,
        graphic_data=np.array([source.point]),
        frame_of_reference_uid=source.frame_of_reference,
    )
    measurements = []
    if probability is not None:
        measurements.append(
            sr.Measurement(
                name=codes.DCM.ProbabilityOfCancer,
                value=round(100 * probability, DECIMALS),
                unit=codes.UCUM.Percent,
            )
        )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=tracking_uid, identifier=f"nodule {case.nodule}"),
        referenced_region=region,
        time_point_context=sr.TimePointContext(time_point=name, time_point_order=order),
        finding_type=codes.SCT.Nodule,
        finding_sites=[sr.FindingSite(anatomic_location=codes.SCT.Lung)],
        algorithm_id=_algorithm(case, weights_sha256) if measurements else None,
        measurements=measurements or None,
        geometric_purpose=codes.cid219.Center,
    )


def _algorithm(case: Case, weights_sha256: str) -> sr.AlgorithmIdentification:
    weights = case.weights
    parameters = [
        f"weights {weights.name}, SHA-256 {weights_sha256}",
        trained_on(weights),
        f"temperature {weights.temperature:.4f}",
        f"missing inputs: {', '.join(case.missing) or 'none'}",
        *(f"series read as {scan}: {words}" for scan, words in case.series.items()),
        NOT_A_DEVICE,
    ]
    if weights.threshold is not None:
        parameters.append(f"threshold {weights.threshold:.4f}, chosen on validation pairs")
    return sr.AlgorithmIdentification(
        name=ALGORITHM, version=f"{MODEL} {__version__}", parameters=parameters, manufacturer=MANUFACTURER
    )


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset, with its file meta information, to ``path`` in one step."""
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
