"""The measurement groups of the report: the nodule's points (TID 1410) and what was measured at them (TID 1411)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import highdicom
import numpy as np
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes

from csfnet_bundle import __version__
from csfnet_bundle.nodule.growth import Growth
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.nodule.pair import volume_doubt
from csfnet_bundle.report.dicom import codes as own
from csfnet_bundle.report.dicom.equipment import ALGORITHM, MANUFACTURER, MODEL
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.words import NOT_A_DEVICE, trained_on, validation_items

PROBABILITY_DECIMALS = 1
"""Of the probability in per cent: a calibrated network does not know more."""
LENGTH_DECIMALS, VOLUME_DECIMALS, RATIO_DECIMALS = 1, 0, 2
ORDER = {"t0": 1, "t1": 2}


def measurement_groups(
    result: NoduleResult, outlines: Mapping[str, Dataset]
) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations | sr.VolumetricROIMeasurementsAndQualitativeEvaluations]:
    """Return the groups: of each scan the point, then of each measured scan the outline with its figures.

    Args:
        result: the prediction and the measurements.
        outlines: the segmentation of each measured scan.
    """
    points = [_point_group(result, scan) for scan in result.scans]
    return [*points, *(_measured_group(result, scan, outlines[scan]) for scan in result.scans if scan in outlines)]


def _point_group(result: NoduleResult, scan: str) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """The nodule's point in a scan; with the probability where it belongs, at the later one."""
    source, case = result.scans[scan], result.case
    later = scan == "t1"
    probability = sr.Measurement(
        name=codes.DCM.ProbabilityOfCancer,
        value=round(100 * case.probability, PROBABILITY_DECIMALS),
        unit=codes.UCUM.Percent,
    )
    evaluations = []
    if later and case.above_threshold is not None:
        side = own.ABOVE if case.above_threshold else own.BELOW
        evaluations.append(sr.QualitativeEvaluation(own.ASSESSMENT, side))
    if not later:
        origin = own.MATCHED_POINT if result.matched else own.GIVEN_POINT
        evaluations.append(sr.QualitativeEvaluation(own.POINT_ORIGIN, origin))
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=sr.ImageRegion3D(
            graphic_type=sr.GraphicTypeValues3D.POINT,
            graphic_data=np.array([source.point]),
            frame_of_reference_uid=source.frame_of_reference,
        ),
        algorithm_id=_algorithm(result) if later else None,
        measurements=[probability] if later else None,
        qualitative_evaluations=evaluations or None,
        geometric_purpose=codes.cid219.Center,
        **_context(result, scan),
    )


def _measured_group(
    result: NoduleResult, scan: str, outline: Dataset
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """The nodule's outline in a scan with what was measured; at the later scan with the change."""
    measurement = result.measured[scan]
    measurements = _figures(measurement)
    evaluations = [sr.QualitativeEvaluation(own.ATTENUATION, own.ATTENUATIONS[measurement.attenuation])]
    if scan == "t1" and result.growth is not None:
        measurements += _change(result.growth)
        change = own.own(result.growth.change.name, str(result.growth.change.value).capitalize())
        evaluations.append(sr.QualitativeEvaluation(own.CHANGE, change))
        if volume_doubt(result.measured):
            evaluations.append(sr.QualitativeEvaluation(own.RELIABILITY, own.DOUBTFUL))
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=_segment(result, scan, outline),
        algorithm_id=_measuring(measurement),
        measurements=measurements,
        qualitative_evaluations=evaluations,
        **_context(result, scan),
    )


def _context(result: NoduleResult, scan: str) -> dict[str, Any]:
    """Return what all groups of a scan say: which nodule, when, what and where."""
    return {
        "tracking_identifier": sr.TrackingIdentifier(
            uid=highdicom.UID(result.uids.tracking), identifier=f"nodule {result.case.nodule}"
        ),
        "time_point_context": sr.TimePointContext(time_point=scan, time_point_order=ORDER[scan]),
        "finding_type": own.PULMONARY_NODULE,
        "finding_sites": [sr.FindingSite(anatomic_location=codes.SCT.Lung)],
    }


def _segment(result: NoduleResult, scan: str, outline: Dataset) -> sr.ReferencedSegment:
    header = result.scans[scan].instances[0]
    return sr.ReferencedSegment(
        sop_class_uid=outline.SOPClassUID,
        sop_instance_uid=outline.SOPInstanceUID,
        segment_number=1,
        source_series=sr.SourceSeriesForSegmentation(highdicom.UID(header.SeriesInstanceUID)),
    )


def _figures(measurement: Measurement) -> list[sr.Measurement]:
    millimetre, mean = codes.UCUM.Millimeter, codes.SCT.Mean
    return [
        sr.Measurement(codes.SCT.Volume, round(measurement.volume_mm3, VOLUME_DECIMALS), codes.UCUM.CubicMillimeter),
        sr.Measurement(codes.SCT.LongAxis, round(measurement.long_axis_mm, LENGTH_DECIMALS), millimetre),
        sr.Measurement(codes.SCT.ShortAxis, round(measurement.short_axis_mm, LENGTH_DECIMALS), millimetre),
        sr.Measurement(
            codes.SCT.Diameter, round(measurement.mean_diameter_mm, LENGTH_DECIMALS), millimetre, derivation=mean
        ),
        sr.Measurement(own.SPHERE_DIAMETER, round(measurement.equivalent_diameter_mm, LENGTH_DECIMALS), millimetre),
        sr.Measurement(
            codes.DCM.AttenuationCoefficient, round(measurement.mean_hu), codes.UCUM.HounsfieldUnit, derivation=mean
        ),
    ]


def _change(growth: Growth) -> list[sr.Measurement]:
    ratios = []
    if growth.volume_ratio is not None and growth.limits is not None:
        ratios = [
            sr.Measurement(name, round(value, RATIO_DECIMALS), codes.UCUM.Ratio)
            for name, value in (
                (own.VOLUME_RATIO, growth.volume_ratio),
                (own.VOLUME_RATIO_LOW, growth.limits[0]),
                (own.VOLUME_RATIO_HIGH, growth.limits[1]),
            )
        ]
    if growth.doubling_time_days is not None:
        ratios.append(sr.Measurement(own.DOUBLING_TIME, round(growth.doubling_time_days), codes.UCUM.Day))
    return ratios


def _algorithm(result: NoduleResult) -> sr.AlgorithmIdentification:
    case, weights = result.case, result.case.weights
    parameters = [
        f"weights {weights.name}, SHA-256 {result.weights_sha256}",
        trained_on(weights),
        f"scale: {'probability, not calibrated' if case.caveat else 'calibrated probability'}, 0 to 100 %",
        *filter(None, [case.caveat]),
        f"temperature {weights.temperature:.4f}",
        f"missing inputs: {', '.join(case.missing) or 'none'}",
        *(f"series read as {scan}: {words}" for scan, words in case.series.items()),
        *(f"finding: {finding}" for finding in (*case.findings, *result.remarks)),
        *([] if result.growth is None else [f"growth: {result.growth.text} {volume_doubt(result.measured)}".strip()]),
        NOT_A_DEVICE,
    ]
    if weights.threshold is not None:
        parameters.append(f"threshold {weights.threshold:.4f}, chosen on {validation_items(weights)}")
    return sr.AlgorithmIdentification(
        name=ALGORITHM, version=f"{MODEL} {__version__}", parameters=_plain(parameters), manufacturer=MANUFACTURER
    )


def _measuring(measurement: Measurement) -> sr.AlgorithmIdentification:
    methods = ", ".join(f"{method} {volume:.0f} mm3" for method, volume in measurement.volumes_mm3.items())
    parameters = [
        f"volumes by method: {methods}",
        f"taken: {measurement.method}",
        *(f"doubt: {flag.text}" for flag in measurement.flags),
    ]
    return sr.AlgorithmIdentification(
        name=f"{ALGORITHM} measuring",
        version=f"{MODEL} {__version__}",
        parameters=_plain(parameters),
        manufacturer=MANUFACTURER,
    )


def _plain(texts: list[str]) -> list[str]:
    """Return texts in letters that every character set has: the report's is that of the scan."""
    return [text.replace("mm³", "mm3") for text in texts]
