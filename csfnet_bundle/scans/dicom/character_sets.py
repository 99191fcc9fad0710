"""Texts of a data set that declares a SpecificCharacterSet (DICOM PS3.3, C.12.1.1.2)."""

from __future__ import annotations

import unicodedata
import warnings
from functools import lru_cache

ESCAPE = b"\x1b"
"""Begins the switch to another character set within a text (ISO 2022)."""

_REMEMBERED = 4096
"""Texts whose decoding is kept: all slices of a series share theirs."""


@lru_cache(_REMEMBERED)
def decode(raw: bytes, declared: bytes) -> str:
    """Return a text that is not plain ASCII.

    Args:
        raw: the value's bytes.
        declared: the value of SpecificCharacterSet; empty where there is none.

    Returns:
        The text in Unicode's composed form, so that one name is one text whatever wrote it. Where nothing is declared,
        or the bytes are not what is declared: as UTF-8 if they are, else as Latin-1.
    """
    names = [name.strip() for name in declared.decode("ascii", "replace").strip("\0 ").split("\\")]
    decoded = _declared(raw, names) if any(names) else None
    if decoded is None:
        try:
            decoded = raw.decode("utf-8")
        except UnicodeDecodeError:
            decoded = raw.decode("latin-1")
    return unicodedata.normalize("NFC", decoded)


def _declared(raw: bytes, names: list[str]) -> str | None:
    from pydicom.charset import convert_encodings, decode_bytes  # most folders hold plain ASCII and start without it
    from pydicom.valuerep import TEXT_VR_DELIMS

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = decode_bytes(raw, convert_encodings(names), TEXT_VR_DELIMS)
    except (LookupError, ValueError):
        return None
    return None if "\ufffd" in decoded else decoded
