"""NLST's SeriesDescription: a comma list with the study year, the kind of image and how it was reconstructed."""

from __future__ import annotations

from dataclasses import dataclass

from csfnet_bundle.records import is_missing

SHORTEST = 7
"""Fields up to the slice thickness; what follows (tube voltage, current, pitch) is not read here."""


@dataclass(frozen=True)
class NlstDescription:
    """What the description of an NLST series says; None where it says nothing that can be read.

    Attributes:
        screen: study year, 0 to 2.
        kind: ``OPA`` original primary axial, ``OPL`` localizer, ...
        kernel: reconstruction kernel in the maker's words.
        field_of_view_mm: width of the image.
        slice_mm: slice thickness.
    """

    screen: int | None = None
    kind: str | None = None
    kernel: str | None = None
    field_of_view_mm: float | None = None
    slice_mm: float | None = None


def parse_description(text: str | None) -> NlstDescription:
    """Read a SeriesDescription, e.g. ``1,OPA,GE,LS16,STANDARD,370,2.5,140,60,0.1,1.4``."""
    fields = [field.strip() for field in (text or "").split(",")]
    if len(fields) < SHORTEST:
        return NlstDescription()
    return NlstDescription(
        screen=int(fields[0]) if fields[0] in {"0", "1", "2"} else None,
        kind=fields[1] or None,
        kernel=None if is_missing(fields[4]) else fields[4],
        field_of_view_mm=_millimetres(fields[5]),
        slice_mm=_millimetres(fields[6]),
    )


def _millimetres(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    # 999 is how the descriptions write an unknown thickness.
    return value if 0 < value < 999 else None
