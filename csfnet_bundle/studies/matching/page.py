"""The tables of docs/matching.md from the trials' results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.studies.matching.point_error import point_error_table
from csfnet_bundle.studies.matching.summary import FOUND, half_diameter_share, presence, queries_of, summarize

BEGIN, END = "<!-- tables of benchmark-matching -->", "<!-- end of the tables -->"

COST, POINT_ERROR = "cost", "point-error"
"""Names of two results beside the trials'."""

SETS = {"real-": "real series (thresholds chosen on them)", "phantom-": "phantoms (the test)"}
METHODS = {
    "same_point_error_mm": "the same LPS point",
    "affine_error_mm": "affine transform alone",
    "error_mm": "match",
}


def write_page(path: Path, results: Mapping[str, Mapping[str, Any]], page: Path | None = None) -> None:
    """Write the tables to a file, and between the marks of a page where one is given.

    Raises:
        BundleError: the page has no marks.
    """
    tables = "\n".join(_tables(results)) + "\n"
    write_atomically(path, tables)
    if page is None:
        return
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise BundleError(f"it has no line {BEGIN} and {END}", record=str(page), remedy="Put them where the tables go.")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_atomically(page, f"{before}{BEGIN}\n\n{tables}\n{END}{after}")


def _tables(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for prefix, title in SETS.items():
        trials = [trial for name, trial in results.items() if name.startswith(prefix)]
        queries = queries_of(results, prefix)
        if queries:
            lines += [f"### {title[0].upper()}{title[1:]}", "", *_set_tables(trials, queries), ""]
    lines += ["### Other patients", "", *_strangers(results)]
    if COST in results:
        lines += ["", *_cost(results[COST])]
    if POINT_ERROR in results:
        lines += ["", "### A wrong place in t0", "", point_error_table(results[POINT_ERROR]).rstrip()]
    return lines


def _cost(figures: Mapping[str, Any]) -> list[str]:
    columns, rows, slices = figures["shape"]
    return [
        f"One match between two uncompressed NIfTI series of {slices} slices of {columns} x {rows} pixels: "
        f"{figures['processor_seconds']:.1f} processor-seconds, {figures['megabytes_above_imports']:.0f} MB of memory "
        "above what its imports take."
    ]


def _set_tables(trials: Sequence[Mapping[str, Any]], queries: Sequence[Mapping[str, Any]]) -> list[str]:
    shown = [query for query in queries if query["in_t0"]]
    lines = [
        f"{len(trials)} trials, {len(queries)} places; t0 shows {len(shown)} of them.",
        "",
        "| method | answered | median mm | 95 % | largest | within 5 mm |",
        "|---|---|---|---|---|---|",
    ]
    for key, name in METHODS.items():
        s = summarize(shown, key)
        lines.append(
            f"| {name} | {s.answered} of {s.places} ({_percent(s.answered, s.places)}) | {s.median:.1f} | "
            f"{s.percentile95:.1f} | {s.largest:.1f} | {s.within_5:.1%} |"
        )
    lines += ["", "| places | answered | median mm | 95 % | largest |", "|---|---|---|---|---|"]
    for name, part in _parts(shown):
        s = summarize(part)
        lines.append(
            f"| {name} | {s.answered} of {s.places} | {s.median:.1f} | {s.percentile95:.1f} | {s.largest:.1f} |"
        )
    near, there = half_diameter_share(shown)
    (told, gone), (alarms, present) = presence(shown)
    hidden = [query for query in queries if not query["in_t0"]]
    codes = Counter(query["answer"] for query in hidden)
    seconds = [query["seconds"] for query in queries if query["seconds"] is not None]
    whole = [trial["align_seconds"] for trial in trials]
    fits = [(trial["rms_hu"], trial["dice"]) for trial in trials if trial["rms_hu"] is not None]
    refused = Counter(query["answer"] for query in shown if query["answer"] != FOUND)
    notes = [note for trial in trials for note in trial["notes"]]
    lines += [
        "",
        f"- Refused although t0 shows the place: {_counts(refused)}.",
        f"- Nodules within half a diameter: {near} of {there} found ({_percent(near, there)}).",
        f"- Removed nodules told as absent: {told} of {gone} ({_percent(told, gone)}); false alarms: {alarms} of "
        f"{present} ({_percent(alarms, present)}).",
        f"- Places that t0 does not show: {_counts(codes)}.",
        f"- Processor seconds: {np.median(whole):.1f} for the alignment (largest {max(whole):.1f}), "
        f"{np.median(seconds):.2f} for each place (largest {max(seconds):.2f})."
        if seconds
        else "- No place was sought: no scans were aligned.",
    ]
    if fits:
        rms, dice = zip(*fits, strict=True)
        lines.append(f"- Worst fit that was accepted: {max(rms):.0f} HU, Dice {min(dice):.2f}.")
    lines.append(f"- Nodules that could not be changed and were left as they are: {len(notes)}.")
    return lines


def _parts(queries: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The places by kind, level and attenuation; empty parts are left out."""
    parts = {
        "nodules": [query for query in queries if query["kind"] == "nodule"],
        "lung": [query for query in queries if query["kind"] == "lung"],
    }
    for key in ("level", "attenuation"):
        for value in sorted({query[key] for query in queries if query[key] not in (None, "not rated")}):
            parts[str(value)] = [query for query in queries if query[key] == value]
    return [(name, part) for name, part in parts.items() if part]


def _strangers(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["| places sought in | places | answered | refused |", "|---|---|---|---|"]
    kinds = {
        "stranger-real": "another patient (real series)",
        "stranger-phantom": "another phantom",
        "patch-": "a phantom cropped around the nodule (no lungs)",
    }
    for prefix, name in kinds.items():
        answers = [answer for key, result in results.items() if key.startswith(prefix) for answer in result["answers"]]
        if answers:
            codes = Counter(answer for answer in answers if answer != FOUND)
            lines.append(f"| {name} | {len(answers)} | {answers.count(FOUND)} | {_counts(codes)} |")
    return lines


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in sorted(counts.items())) or "none"
