"""How ``check`` shows what it found: a table for people, a document for programs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from csfnet_bundle.inputs.verdicts import PairVerdict, Reason, SeriesVerdict, StudyVerdict, Verdict
from csfnet_bundle.scans.dicom.pixel_check import FOUND_BY_PIXELS_ONLY
from csfnet_bundle.scans.dicom.series import SKIPPED

WIDTH_OF_A_FILE = 160
"""Characters a line where the output is no terminal."""

_STYLES = {Verdict.CHOSEN: "green", Verdict.USABLE: "", Verdict.REFUSED: "red"}
_COLUMNS = ("patient", "date", "slices", "spacing (mm)", "thickness", "kernel", "verdict", "why")


def folder_document(
    folder: Path, studies: Sequence[StudyVerdict], problem: Reason | None, *, pixels: bool, kind: str = "folder"
) -> dict[str, object]:
    """Return what was found in a folder, or a file, as plain values."""
    reasons = [study.reason for study in studies if study.reason]
    reasons += [problem] if problem else []
    readable = sum(study.reason is None for study in studies)
    count = f"{sum(len(study.series) for study in studies)} series; {readable} of {len(studies)} studies can be read"
    if len(studies) > 1:
        count += " (to read one, name its folder or its series_uid)"
    skipped = [text for study in studies for item in study.series for text in item.findings if text.startswith(SKIPPED)]
    return {
        **_head(folder, kind, [*dict.fromkeys(skipped), count] if studies else [], reasons, pixels=pixels),
        "studies": [
            {
                "patient": study.patient,
                "study_uid": study.study_uid,
                "usable": study.reason is None,
                **_reason(study.reason),
                "series": [_series(item) for item in study.series],
            }
            for study in studies
        ],
    }


def pairs_document(
    path: Path, pairs: Sequence[PairVerdict], problems: Sequence[Reason], *, pixels: bool
) -> dict[str, object]:
    """Return what was found about the records of a datalist, and about the datalist itself, as plain values."""
    reasons = [*problems, *(pair.reason for pair in pairs if pair.reason)]
    count = f"{sum(pair.reason is None for pair in pairs)} of {len(pairs)} records can be used"
    doubted = sum(bool(pair.alarms) for pair in pairs)
    if doubted:
        count += f"; {doubted} have findings that begin with CHECK: look at them before you read a prediction"
    return {
        **_head(path, "datalist", [count if pairs else "No scan was looked at."], reasons, pixels=pixels),
        "problems": [_reason(problem) for problem in problems],
        "records": [
            {
                "name": pair.name,
                "section": pair.section,
                "usable": pair.reason is None,
                **_reason(pair.reason),
                "findings": list(pair.findings),
                "warnings": list(pair.alarms),
                "scans": {name: _series(item) for name, item in pair.scans.items()},
            }
            for pair in pairs
        ],
    }


def folder_table(studies: Sequence[StudyVerdict]) -> Table:
    """Return a table with one row a series; what is said of the folder stands in the summary, once."""
    table = _table()
    for study in studies:
        for item in study.series:
            own = [text for text in item.findings if not text.startswith(SKIPPED)]
            why = "; ".join(own) if item.reason is None else str(item.reason)
            if item.reason is None and study.reason is not None:
                why = str(study.reason)
            table.add_row(*_cells(item, why))
        table.add_section()
    return table


def pairs_table(pairs: Sequence[PairVerdict]) -> Table:
    """Return a table with one row a scan of each record."""
    table = _table("record")
    for pair in pairs:
        for index, (name, item) in enumerate(pair.scans.items()):
            of_pair = pair.findings if name == "t1" else ()
            why = str(item.reason) if item.reason else "; ".join((*item.findings, *of_pair))
            if pair.reason and not any(scan.reason for scan in pair.scans.values()):
                why = str(pair.reason) if index == 0 else "see the row above"
            table.add_row(Text(f"{pair.name} {name}"), *_cells(item, why))
        table.add_section()
    return table


def print_table(table: Table, document: Mapping[str, object]) -> None:
    """Print the table, and below it what it comes to."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE, highlight=False)
    if table.row_count:
        console.print(table)
    for line in document["summary"]:  # type: ignore[attr-defined]
        console.print(Text(str(line)))


def _head(
    path: Path, kind: str, counts: Sequence[str], reasons: Sequence[Reason], *, pixels: bool
) -> dict[str, object]:
    """Return what both documents begin with."""
    usable = not reasons
    summary = list(dict.fromkeys(f"{reason}. {reason.remedy}".strip() for reason in reasons))
    summary += counts
    codes = Counter(reason.code or "record" for reason in reasons)
    if codes:
        summary.append("refused: " + ", ".join(f"{count} {code}" for code, count in sorted(codes.items())))
    if not pixels:
        found = "; ".join(f"{code} ({what})" for code, what in FOUND_BY_PIXELS_ONLY.items())
        summary.append(f"Judged by headers. Only --pixels can find: {found}.")
    summary.append(f"{path}: {'can be used' if usable else 'CANNOT be used as it is'}")
    return {
        "path": str(path),
        "kind": kind,
        "usable": usable,
        "judged_by": "pixels" if pixels else "headers",
        "only_pixels_can_find": [] if pixels else [str(code) for code in FOUND_BY_PIXELS_ONLY],
        "refused": dict(codes),
        "summary": summary,
    }


def _reason(reason: Reason | None) -> dict[str, object]:
    if reason is None:
        return {"code": None, "why": "", "remedy": "", "figures": {}}
    return {
        "code": reason.code or None,
        "why": reason.problem,
        "remedy": reason.remedy,
        "figures": dict(reason.figures),
    }


def _series(item: SeriesVerdict) -> dict[str, object]:
    return {
        "path": item.path,
        "series_uid": item.uid,
        "study_uid": item.study_uid,
        "patient": item.patient,
        "date": item.date,
        "slices": item.slices,
        "spacing_mm": None if item.spacing is None else list(item.spacing),
        "slice_thickness_mm": item.thickness,
        "kernel": item.kernel,
        "description": item.description,
        "verdict": str(item.verdict),
        **_reason(item.reason),
        "findings": list(item.findings),
    }


def _table(*first: str) -> Table:
    table = Table(show_lines=False)
    for name in (*first, *_COLUMNS):
        table.add_column(name, overflow="fold", justify="right" if name in ("slices", "thickness") else "left")
    return table


def _cells(item: SeriesVerdict, why: str) -> list[Text]:
    """Return a row; as Text, so that nothing a file says is taken for markup."""
    spacing = "" if item.spacing is None else " x ".join(f"{mm:.4g}" for mm in item.spacing)
    date = f"{item.date[:4]}-{item.date[4:6]}-{item.date[6:]}" if len(item.date) == 8 else item.date
    thickness = "" if item.thickness is None else f"{item.thickness:g}"
    cells = [item.patient, date, str(item.slices), spacing, thickness, item.kernel, str(item.verdict), why]
    row = [Text(cell) for cell in cells]
    row[-2].stylize(_STYLES[item.verdict])
    return row
