"""What an export holds, as a table: patients, studies and series, with the names by which to choose."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from csfnet_bundle.inputs.export import Study
from csfnet_bundle.scans.dicom import Series

WIDTH_OF_A_FILE = 160
"""Characters a line where the output is no terminal."""


def print_studies(studies: Sequence[Study]) -> None:
    """Print the studies of an export to standard error: a row for each study, below it one for each CT series."""
    console = Console(width=None if sys.stderr.isatty() else WIDTH_OF_A_FILE, stderr=True, highlight=False)
    table = Table("patient", "date", "description", "slices", "mm", "kernel", "UID (study, series)")
    for study in studies:
        first = study.series[0].first
        table.add_row(*map(Text, (study.patient, _date(study.date), first.study_description, "", "", "", study.uid)))
        for item in study.series:
            table.add_row(*map(Text, _series(item)))
        table.add_section()
    if studies:
        console.print(table)


def _series(item: Series) -> tuple[str, ...]:
    name = ": ".join(filter(None, (str(item.first.series_number or ""), item.description))) or "no description"
    thickness = "" if item.slice_thickness is None else f"{item.slice_thickness:g}"
    refusal = item.refusal
    described = f"  {name}" + (f" ({refusal.code})" if refusal else "")
    return "", "", described, str(len(item.instances)), thickness, item.kernel, f"  {item.name}"


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 else text or "none"
