"""The NLST participant table (prsn): inputs by the allow-list, days and diagnoses for exclusions and labels only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records.clinical import CLINICAL_VARIABLES, clinical_notices, encode_clinical, is_missing
from csfnet_bundle.records.outcomes import refuse_outcomes

SCREENS = (0, 1, 2)
CONFIRMED_LUNG_CANCER = "1"
"""Code of ``conflc``."""
AFTER_DIAGNOSIS = ".E"
"""Code of ``scr_days0-2``: the screen's date is after the diagnosis of lung cancer."""
_FIXED = tuple(variable.name for variable in nlst_code_book().variables if not variable.is_read)
_READS = tuple(variable.name.removesuffix("0") for variable in nlst_code_book().variables if variable.is_read)
_DAYS = tuple(f"scr_days{screen}" for screen in SCREENS)
_OUTCOMES = ("candx_days", "conflc", "canc_free_days", "fup_days")
_PID = re.compile(r"[12][0-9]{5}")
"""Six digits: 1... LSS, 2... ACRIN."""


@dataclass(frozen=True)
class Participants:
    """The participant table.

    Attributes:
        cells: the columns of use as text, blank where missing, indexed by pid.
    """

    cells: pd.DataFrame

    def __contains__(self, subject: str) -> bool:
        return subject in self.cells.index

    def clinical(self, subject: str, screen: int | None) -> tuple[dict[str, object], list[str]]:
        """Return a participant's inputs at a screen, and notices of codes that count as missing.

        Args:
            subject: pid.
            screen: the pair's t0 screen, whose reads become ``scr_res0`` and ``scr_iso0``; None leaves them out.

        Raises:
            BundleError: a value that no code explains.
        """
        row = self.cells.loc[subject]
        columns = {name: name for name in _FIXED}
        if screen is not None:
            columns |= {f"{name}0": f"{name}{screen}" for name in _READS}
        values: dict[str, object] = {
            name: row[column] for name, column in columns.items() if not is_missing(row.get(column))
        }
        try:
            return inputs_of(values), clinical_notices(values)
        except BundleError as error:
            raise error.for_record(f"participant {subject}, reads of T{screen}") from None

    def screen_day(self, subject: str, screen: int) -> float | None:
        """Return the day of a screen, counted from randomization; None if the table has none."""
        return self._day(subject, f"scr_days{screen}")

    def screened_after_diagnosis(self, subject: str, screen: int) -> bool:
        """Tell whether a screen was at or after the diagnosis of lung cancer."""
        if self._text(subject, f"scr_days{screen}").upper() == AFTER_DIAGNOSIS:
            return True
        day, diagnosis = self.screen_day(subject, screen), self._day(subject, "candx_days")
        return day is not None and diagnosis is not None and day >= diagnosis

    def cancer_within(self, subject: str, screen: int, days: float) -> int | None:
        """Return whether lung cancer was confirmed within ``days`` after a screen: 1 yes, 0 no, None not known.

        Not known: the screen has no day, a report was neither confirmed nor refuted, or a participant without a
        diagnosis was not followed for as long (``fup_days``, else ``canc_free_days``).
        """
        day = self.screen_day(subject, screen)
        if day is None:
            return None
        diagnosis = self._day(subject, "candx_days")
        confirmed = self._text(subject, "conflc")
        if diagnosis is not None and confirmed in {"", CONFIRMED_LUNG_CANCER}:
            return int(day < diagnosis <= day + days)
        followed = self._day(subject, "fup_days") or self._day(subject, "canc_free_days")
        if diagnosis is not None or followed is None or followed < day + days:
            return None
        return 0

    def _day(self, subject: str, column: str) -> float | None:
        text = self._text(subject, column)
        if is_missing(text):
            return None
        try:
            return float(text)
        except ValueError:
            raise BundleError(
                f"{column} is {text!r}, expected days or a code such as .N", record=f"participant {subject}"
            ) from None

    def _text(self, subject: str, column: str) -> str:
        if column not in self.cells.columns:
            return ""
        return re.sub(r"\.0+$", "", str(self.cells.at[subject, column]).strip())


def read_participants(path: str | Path) -> Participants:
    """Read the participant table; columns of no use here are not loaded.

    Raises:
        BundleError: no such file, no CSV, a column that is not there, a pid that is none, or one that is there twice.
    """
    path = Path(path)
    if not path.is_file():
        raise BundleError(f"there is no participant table {path}", remedy="Name the NLST file prsn by --participants.")
    wanted = {"pid", *_FIXED, *_DAYS, *_OUTCOMES, *(f"{name}{screen}" for name in _READS for screen in SCREENS)}
    try:
        cells = pd.read_csv(
            path, dtype=str, keep_default_na=False, usecols=lambda name: name.strip().lower() in wanted, engine="c"
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise BundleError(f"the table cannot be read as CSV: {error}", record=str(path)) from None
    cells.columns = cells.columns.str.strip().str.lower()
    for column in ("pid", *_FIXED):
        if column not in cells.columns:
            raise BundleError(
                f"the table has no column {column!r}", record=str(path), remedy="Use the NLST participant file (prsn)."
            )
    pid = cells.pop("pid").str.strip().str.replace(r"\.0+$", "", regex=True)
    for problem, bad in (("is no NLST participant", ~pid.str.fullmatch(_PID)), ("is there twice", pid.duplicated())):
        if bad.any():
            raise BundleError(
                f"pid {pid[bad].iloc[0]!r} {problem}",
                record=str(path),
                remedy="NLST's pid has six digits, 1... or 2..., and one row each.",
            )
    return Participants(cells.set_index(pd.Index(pid, name="pid")))


def inputs_of(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that may go into a datalist, as numbers: a code that counts as missing is left out.

    Some of those codes tell of a cancer, so that not even the datalist should have them.

    Raises:
        BundleError: a variable that is no input, or a value that no code explains.
    """
    refuse_outcomes(values)
    tokens = dict(zip(CLINICAL_VARIABLES, encode_clinical(values), strict=True))
    return {name: _number(value) for name, value in values.items() if tokens[name]}


def _number(value: object) -> float | int:
    number = float(str(value))
    return int(number) if number.is_integer() else number
