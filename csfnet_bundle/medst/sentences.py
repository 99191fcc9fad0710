"""Sentences from the screening record, for the text encoder: an allow-list of fields, and a wall against outcomes."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.change import Change
from csfnet_bundle.records import is_missing, refuse_outcomes

DIAMETERS = ("sct_long_dia", "sct_perp_dia")
"""Longest and perpendicular diameter in mm; NLST's are whole numbers, other tables' need not be."""
NODULE_FIELDS = ("study_yr", "sct_pre_att", "sct_margins", *DIAMETERS, "sct_epi_loc")
"""Columns of NLST's abnormality table (ctab) that may become text."""
PARTICIPANT_FIELDS = ("age", "gender", "cigsmok")
"""Columns of NLST's participant table (prsn) that may become text."""
ALLOWED_FIELDS = (*NODULE_FIELDS, *PARTICIPANT_FIELDS)
MEASURED = {**dict.fromkeys(DIAMETERS, "a number of mm above 0"), "age": "a number of years above 0"}
"""Fields that may have a fraction; all others are codes."""
DENIED_READS = re.compile(r"scr_res.*|scr_iso.*", re.IGNORECASE)
"""A read of the screen says what a radiologist concluded from it; with the outcomes that
:func:`csfnet_bundle.records.refuse_outcomes` knows it must never be text."""

ATTENUATIONS = {1: "solid", 2: "ground-glass", 3: "part-solid", 4: "fluid", 6: "fat", 7: "other"}
"""sct_pre_att: soft tissue, ground glass, mixed, fluid or water, fat, other; 9 cannot be determined."""
MARGINS = {1: "spiculated", 2: "smooth", 3: "poorly defined"}
"""sct_margins; 9 cannot be determined."""
LOBES = {
    1: "right upper lobe",
    2: "right middle lobe",
    3: "right lower lobe",
    4: "left upper lobe",
    5: "lingula",
    6: "left lower lobe",
}
"""sct_epi_loc; 8 is another place."""
SEXES = {1: "man", 2: "woman"}
SMOKING = {0: "former smoker", 1: "current smoker"}

CHANGE_WORDINGS = (
    "The nodule {grown} from {before} to {after}.",
    "Previously {before}, the nodule is now {larger}, {after}.",
    "{Enlarging} nodule, {after}, previously {before}.",
    "Nodule of {after}, {increased} compared with {before} earlier.",
)
"""Wordings of a change: the first two tell the earlier size first, the others the later one. Change and opposite change
have the same words in the same order, except for one that no other wording has."""
CHANGE_WORDS: dict[Change, dict[str, str]] = {
    Change.WORSENING: {
        "grown": "has grown",
        "larger": "larger",
        "Enlarging": "Enlarging",
        "increased": "increased",
    },
    Change.STABLE: {"grown": "is unchanged", "larger": "similar", "Enlarging": "Stable", "increased": "constant"},
    Change.IMPROVING: {
        "grown": "has shrunk",
        "larger": "smaller",
        "Enlarging": "Regressing",
        "increased": "decreased",
    },
}
EARLIER_FIRST, LATER_FIRST = (0, 1), (2, 3)
"""Numbers of the wordings, by the size that they tell first."""


def check_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields if all of them may become text.

    Raises:
        BundleError: one tells the outcome or a read, or is not on the allow-list.
    """
    refuse_outcomes(fields)
    for name in fields:
        if DENIED_READS.fullmatch(name.strip()) or name not in ALLOWED_FIELDS:
            raise BundleError(
                f"field {name!r} must not become text", remedy=f"Fields that may: {', '.join(ALLOWED_FIELDS)}."
            )
    return tuple(fields)


def study_sentence(record: Mapping[str, object], fields: Sequence[str] = ALLOWED_FIELDS) -> str:
    """Return what a record says of one study, in sentences; what is missing or cannot be determined is left out.

    Args:
        record: NLST codes by column; columns other than ``fields`` are not looked at.
        fields: columns that become text, from :data:`ALLOWED_FIELDS`.

    Raises:
        BundleError: see :func:`check_fields`; or a value is no number, or a code no whole one.
    """
    known = {name: _number(name, record[name]) for name in check_fields(fields) if not is_missing(record.get(name))}
    sentences = [
        f"Screening year {known['study_yr']:g}." if "study_yr" in known else "",
        _nodule_sentence(known),
        _participant_sentence(known),
    ]
    return " ".join(filter(None, sentences))


def change_sentence(before: tuple[float, float], after: tuple[float, float], change: Change, wording: int = 0) -> str:
    """Return the sentence of a change.

    Args:
        before: longest and perpendicular diameter in mm at the earlier study.
        after: at the later one.
        change: what it amounts to.
        wording: number of one of :data:`CHANGE_WORDINGS`.
    """
    words = CHANGE_WORDS[change]
    return CHANGE_WORDINGS[wording].format(before=_size(*before), after=_size(*after), **words)


def draw_wording(name: str) -> int:
    """Return the wording of a study's change: from its name, so that every run gives it the same one."""
    return zlib.crc32(name.encode()) % len(CHANGE_WORDINGS)


def _nodule_sentence(known: Mapping[str, float]) -> str:
    attenuation = _word(ATTENUATIONS, known, "sct_pre_att")
    margins = _word(MARGINS, known, "sct_margins")
    long_diameter, perpendicular = known.get("sct_long_dia"), known.get("sct_perp_dia")
    lobe = _word(LOBES, known, "sct_epi_loc")
    if not any((attenuation, margins, long_diameter, lobe)):
        return ""
    size = ""
    if long_diameter is not None:
        size = f"{long_diameter:g} mm" if perpendicular is None else _size(long_diameter, perpendicular)
    what = f"{attenuation} nodule".strip() + (f" with {margins} margins" if margins else "")
    words = ", ".join(filter(None, [what, size, f"in the {lobe}" if lobe else ""]))
    return f"{words[0].upper()}{words[1:]}."


def _participant_sentence(known: Mapping[str, float]) -> str:
    sex, smoking = _word(SEXES, known, "gender"), _word(SMOKING, known, "cigsmok")
    person = f"{known['age']:g} year old {sex or 'person'}" if "age" in known else sex
    words = ", ".join(filter(None, [person, smoking]))
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _word(words: Mapping[int, str], known: Mapping[str, float], name: str) -> str:
    """Return the word of a code, blank where it has none or is not known."""
    return words.get(int(known[name]), "") if name in known else ""


def _size(long_diameter: float, perpendicular_diameter: float) -> str:
    return f"{long_diameter:g} x {perpendicular_diameter:g} mm"


def _number(name: str, value: object) -> float:
    """Return a cell as a number; a code has no fraction."""
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    fits = number > 0 if name in MEASURED else number.is_integer()
    if not math.isfinite(number) or not fits:
        expected = MEASURED.get(name, "a code, which is a whole number")
        raise BundleError(f"{name} is {value!r}, expected {expected}", remedy="Correct it, or leave it blank.")
    return number
