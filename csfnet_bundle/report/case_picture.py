"""The picture of a case: both scans around the nodule, with what the page says in its head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from csfnet_bundle.core.alarm import alarms
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.case_images import CaseImages, Plane
from csfnet_bundle.report.case_panels import plane_panel, roi_panel, slice_words, whole_panel
from csfnet_bundle.report.case_pictures import NO_PRIOR, framed
from csfnet_bundle.report.numbers import metric
from csfnet_bundle.report.panel import Panel
from csfnet_bundle.report.panel_raster import panel_pixels
from csfnet_bundle.report.panel_svg import png_bytes
from csfnet_bundle.report.scan_pictures import ScanPictures
from csfnet_bundle.report.words import NOT_A_DEVICE, band, decision, percent, trained_on

PANEL, GAP, MARGIN, LINE = 380, 10, 20, 26
"""Pixels: width of a panel, between panels, around all, height of a line of text."""
LETTERS = 18
LONGEST_LINE = 150
"""Characters that fit above four panels."""
INK, SOFT, WARN = (27, 31, 36), (76, 84, 94), (176, 0, 32)
REPLACEMENT = "?"
LAST_LETTER = 383
"""Code point: Latin letters, which Pillow's own font has."""

Words = tuple[str, tuple[int, int, int]]


def write_case_picture(
    path: Path, case: Case, images: CaseImages, pictures: Mapping[str, ScanPictures] | None = None
) -> None:
    """Write the picture as one PNG, in one step; see :func:`case_pixels`."""
    write_atomically(path, png_bytes(case_pixels(case, images, pictures)))


def case_pixels(
    case: Case, images: CaseImages, pictures: Mapping[str, ScanPictures] | None = None
) -> NDArray[np.uint8]:
    """Return the picture, RGB uint8 (rows, columns, 3): t0 above t1, each in whole and in three planes.

    Above them stand the pair, the probability with its band, what the weights were trained on, and what speaks against
    the inputs. Without a prior scan, t0's row says so.

    Args:
        case: the prediction.
        images: what the network saw; shown where there are no pictures of the scans.
        pictures: of the scans, by name.
    """
    rows = _rows(case, images, pictures or {})
    heights = [max((panel.shape[0] for panel in row), default=LINE) for _, row in rows]
    columns = max(len(row) for _, row in rows)
    head = _head(case)
    width = 2 * MARGIN + columns * PANEL + (columns - 1) * GAP
    height = 2 * MARGIN + LINE * (len(head) + 1) + sum(heights) + len(rows) * (LINE + GAP)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(LETTERS)
    top = MARGIN
    for text, colour in head:
        draw.text((MARGIN, top), printable(text), font=font, fill=colour)
        top += LINE
    for (words, row), tall in zip(rows, heights, strict=True):
        draw.text((MARGIN, top), printable(words), font=font, fill=SOFT)
        top += LINE
        for number, panel in enumerate(row):
            image.paste(Image.fromarray(panel), (MARGIN + number * (PANEL + GAP), top))
        top += tall + GAP
    draw.text((MARGIN, top), NOT_A_DEVICE, font=font, fill=INK)
    return np.asarray(image, dtype=np.uint8)


def printable(text: str) -> str:
    """Return a line with a mark for what the font cannot show: a patient's name may be in any script."""
    plain = text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
    shown = "".join(letter if letter.isprintable() and ord(letter) <= LAST_LETTER else REPLACEMENT for letter in plain)
    return shown if len(shown) <= LONGEST_LINE else f"{shown[: LONGEST_LINE - 3]}..."


def _head(case: Case) -> list[Words]:
    lines: list[Words] = [(finding, WARN) for finding in alarms(case.findings)]
    lines.append((f"Nodule {case.nodule} of patient {case.subject}", INK))
    lines.append((trained_on(case.weights), WARN if case.weights.phantoms else INK))
    probability = f"Probability of malignancy {percent(case.probability)} ({metric(case.probability)}). {band(case)}"
    lines += [(probability, INK), (decision(case), INK)]
    if case.caveat:
        lines.append((case.caveat, WARN))
    if case.label is not None:
        lines.append((f"True label: {'malignant' if case.label else 'benign'}.", INK))
    return lines


def _rows(
    case: Case, images: CaseImages, pictures: Mapping[str, ScanPictures]
) -> list[tuple[str, list[NDArray[np.uint8]]]]:
    wholes = framed({name: one.whole for name, one in pictures.items()}) if pictures else {}
    rows = []
    for name, day in (("t0", case.date_t0), ("t1", case.date_t1)):
        words = f"{name} · {day or 'date unknown'}"
        panels: list[Panel] = []
        if name == "t0" and not case.prior:
            words = f"t0: {NO_PRIOR}"
        elif name in pictures:
            one = pictures[name]
            words += f" · {slice_words(one)}"
            shown = ScanPictures(wholes[name], one.planes, one.outlines, one.roi_mm, one.point_lps)
            panels = [whole_panel(name, shown), *(plane_panel(name, one, plane) for plane in Plane)]
        else:
            panels = [roi_panel(name, images, plane) for plane in Plane]
        rows.append((words, [panel_pixels(panel, PANEL) for panel in panels]))
    return rows
