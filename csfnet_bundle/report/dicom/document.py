"""The result as a PDF inside a DICOM object, for a PACS that shows neither reports nor segmentations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from highdicom import SOPClass
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DA, TM

from csfnet_bundle import __version__
from csfnet_bundle.nodule.pair import volume_doubt
from csfnet_bundle.report.dicom.codes import TITLE
from csfnet_bundle.report.dicom.equipment import DOCUMENT_SERIES, MANUFACTURER, MODEL, RESEARCH
from csfnet_bundle.report.dicom.result import NoduleResult
from csfnet_bundle.report.dicom.write import take_patient_and_study
from csfnet_bundle.report.measurement_words import type_words
from csfnet_bundle.report.pdf import pdf_pages
from csfnet_bundle.report.words import NOT_A_DEVICE, decision, percent, spread, trained_on


def encapsulated_pdf(result: NoduleResult, pictures: Mapping[str, bytes]) -> Dataset:
    """Return the document of a result.

    Args:
        result: the prediction and the measurements.
        pictures: PNG by what it shows.
    """
    header = result.t1.instances[0]
    made = SOPClass(
        study_instance_uid=header.StudyInstanceUID,
        series_instance_uid=result.uids.series("document"),
        series_number=DOCUMENT_SERIES,
        sop_instance_uid=result.uids.instance("document"),
        sop_class_uid=EncapsulatedPDFStorage,
        instance_number=1,
        modality="DOC",
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        series_description=f"{RESEARCH}: nodule report",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    take_patient_and_study(made, result.t1)
    title = f"{RESEARCH}: nodule {result.case.nodule}"
    pdf = pdf_pages(title, report_lines(result), pictures, NOT_A_DEVICE)
    now = datetime.now()
    made.ConversionType = "WSD"
    made.ContentDate, made.ContentTime = DA(now.date()), TM(now.time().replace(microsecond=0))
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"  # the patient's name is on the page
    made.DocumentTitle = title
    made.ConceptNameCodeSequence = [TITLE]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return made


def report_lines(result: NoduleResult) -> list[str]:
    """Return what the document says in words, one paragraph each."""
    case = result.case
    lines = [
        f"Patient {case.subject}, nodule {case.nodule}",
        f"t1 {case.date_t1 or 'date unknown'}, t0 {(case.date_t0 or 'date unknown') if case.prior else 'none'}",
        "",
        f"Probability of malignancy {percent(case.probability)}. {decision(case)}",
        trained_on(case.weights),
        *filter(None, [case.caveat, spread(case)]),
        "",
    ]
    for scan, source in sorted(result.scans.items()):
        x, y, z = source.point
        lines.append(f"Point in {scan}: {x:.1f}, {y:.1f}, {z:.1f} mm (LPS)")
    if result.t0 is not None and result.matched:
        lines.append("The point in t0 was matched automatically and is not confirmed.")
    for scan, one in sorted(result.measured.items()):
        lines.append(
            f"{scan}: {one.long_axis_mm:.1f} x {one.short_axis_mm:.1f} mm, mean {one.mean_diameter_mm:.1f} mm; "
            f"{one.volume_mm3:.0f} mm³; {type_words(one)}"
        )
        lines += [f"Doubt about {scan}: {flag.text}" for flag in one.flags]
    if result.growth is not None:
        lines.append(result.growth.text)
    lines += filter(None, [volume_doubt(result.measured)])
    lines += [*result.remarks, "", *(f"Finding: {finding}" for finding in case.findings)]
    lines += [f"{name}: {value}" for name, value in case.clinical.items()]
    lines += [f"Missing: {', '.join(case.missing) or 'nothing'}", ""]
    lines += [f"Series read as {scan}: {words}" for scan, words in case.series.items()]
    return [*lines, f"Weights {case.weights.name}, SHA-256 {result.weights_sha256}"]
