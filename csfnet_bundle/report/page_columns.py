"""The three columns of a case's pictures, as the templates show them."""

from __future__ import annotations

from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages
from csfnet_bundle.report.case_picture import column_png
from csfnet_bundle.report.page import data_uri
from csfnet_bundle.report.panels import LUNG_LEVEL, LUNG_WIDTH, SCALE_BAR_MM, Column
from csfnet_bundle.report.words import attention_focus, date_words, signed


def page_columns(case: Case, images: CaseImages) -> list[dict[str, object]]:
    """Return heading, detail, picture and words of t0, t1 and attention; without a picture the words stand alone."""
    return [_column(column, case, images) for column in Column]


def _column(column: Column, case: Case, images: CaseImages) -> dict[str, object]:
    entry: dict[str, object] = {"wide": column is Column.ATTENTION, "png": ""}
    sections = "Axial, coronal and sagittal section through the nodule point of"
    if column is Column.T0:
        entry |= {"heading": "t0", "detail": date_words(case.date_t0) if case.prior else "no scan"}
        entry["alt"] = f"{sections} the earlier scan" if case.prior else "No prior scan. The network saw t1 twice."
    elif column is Column.T1:
        entry |= {"heading": "t1", "detail": date_words(case.date_t1), "alt": f"{sections} the later scan"}
    else:
        entry |= {"heading": "Where the network looked", "detail": "attention over t1"}
        entry["alt"] = "This network gives no attention map."
        if images.highest_share is not None:
            entry["alt"] = f"{sections} t1 with the attention in amber. {attention_focus(images.highest_share)}"
    shown = case.prior if column is Column.T0 else column is Column.T1 or images.attention is not None
    if shown:
        entry["png"] = data_uri(column_png(column, images))
    return entry


def legend(images: CaseImages) -> str:
    """Return what holds for all panels: window, scale, extent and orientation."""
    size = " × ".join(f"{n * mm:g}" for n, mm in zip(images.size[::-1], images.spacing[::-1], strict=True))
    return (
        f"Lung window: level {signed(LUNG_LEVEL)} HU, width {LUNG_WIDTH:.0f} HU. White bar: {SCALE_BAR_MM:.0f} mm; all "
        f"panels have the same scale. Shown is all that the network saw: {size} mm around the nodule point, at which "
        f"the marks at the edges point. R, L: the patient's right and left; A, P: front and back; S: towards the head."
    )
