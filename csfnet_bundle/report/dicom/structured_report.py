"""The prediction as a Structured Report: TID 1500, Measurement Report."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.report.dicom.codes import TITLE, scheme_identification
from csfnet_bundle.report.dicom.equipment import ALGORITHM, DIGEST_SHOWN, MANUFACTURER, MODEL, REPORT_SERIES, RESEARCH
from csfnet_bundle.report.dicom.measurement_groups import measurement_groups
from csfnet_bundle.report.dicom.result import NoduleResult


def structured_report(result: NoduleResult, further_evidence: Sequence[Dataset] = ()) -> sr.Comprehensive3DSR:
    """Return the report of a pair, in the study of t1.

    It holds the nodule's point in t1's frame of reference (SCOORD3D) with the probability and the assessment, the same
    nodule's point in t0's frame of reference, what was measured in each scan and between them, the model's identity
    (name, version, digest of the weights, what they were trained on, inputs missing) and, as evidence, every instance
    of both studies. It is preliminary and unverified.

    Args:
        result: the prediction and the measurements.
        further_evidence: other objects of the result: outlines, which measurements refer to, and the map.
    """
    outlines = {
        scan: made
        for scan in result.scans
        for made in further_evidence
        if made.SOPInstanceUID == result.uids.instance(f"outline {scan}")
    }
    content = sr.MeasurementReport(
        observation_context=_observer(result),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=measurement_groups(result, outlines),
        title=TITLE,
    )
    evidence = [*result.t1.instances, *further_evidence, *(() if result.t0 is None else result.t0.instances)]
    # Made again, the same result has the same UID: it does not supersede itself.
    older = [item for item in result.predecessors if item.SOPInstanceUID != result.uids.instance("report")]
    report = sr.Comprehensive3DSR(
        evidence=evidence,  # the first one gives patient and study
        content=content,
        series_instance_uid=result.uids.series("report"),
        series_number=REPORT_SERIES,
        sop_instance_uid=result.uids.instance("report"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        previous_versions=older or None,
    )
    report.ManufacturerModelName = MODEL
    report.SoftwareVersions = __version__
    report.SeriesDescription = f"{RESEARCH}: nodule malignancy"
    report.CodingSchemeIdentificationSequence = [scheme_identification()]
    return report


def _observer(result: NoduleResult) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=highdicom.UID(result.uids.device),
        name=ALGORITHM,
        manufacturer_name=MANUFACTURER,
        model_name=f"{MODEL} {__version__}",
        serial_number=result.weights_sha256[:DIGEST_SHOWN],
    )
    context = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    return sr.ObservationContext(observer_device_context=context)
