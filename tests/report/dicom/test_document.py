"""The PDF inside of a DICOM object."""

from dataclasses import replace

from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from csfnet_bundle.report.dicom import NoduleResult
from csfnet_bundle.report.dicom.document import report_lines


def test_it_holds_a_pdf_with_a_page_for_each_picture(objects: dict[str, Dataset]) -> None:
    made = objects["document"]
    assert made.SOPClassUID == EncapsulatedPDFStorage
    pdf = made.EncapsulatedDocument[: made.EncapsulatedDocumentLength]
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    captures = [name for name in objects if name.startswith("capture")]
    assert b"/Count %d" % (1 + len(captures)) in pdf
    assert made.DocumentTitle.startswith("RESEARCH USE ONLY")


def test_it_says_what_the_report_says(result: NoduleResult) -> None:
    text = "\n".join(report_lines(replace(result, matched=True, remarks=("Not measured, t0: NO_NODULE.",))))
    assert "52" in text
    assert f"{result.measured['t1'].volume_mm3:.0f} mm³" in text
    assert result.growth is not None
    assert result.growth.text in text
    assert "matched automatically and is not confirmed" in text
    assert "NO_NODULE" in text
    assert "The kernels differ." in text
    assert "means nothing for a patient" in text


def test_it_says_that_a_pair_is_not_calibrated(result: NoduleResult) -> None:
    weights = replace(result.case.weights, phantoms=False, opinion=True, pair_caveat="Not for pairs.")
    pair = replace(result, case=replace(result.case, weights=weights))
    lines = report_lines(pair)
    assert "Not for pairs." in lines
    assert any("chosen on single validation scans" in line for line in lines)
    assert "Not for pairs." not in report_lines(replace(pair, t0=None, case=replace(pair.case, prior=False)))
