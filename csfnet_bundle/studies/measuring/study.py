"""The whole study: cases, rows, figures, and the tables of docs/measuring.md."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.nodule.network import load_network
from csfnet_bundle.studies.measuring import reader_boxes
from csfnet_bundle.studies.measuring.beyond_choices import reach_rows, reaches_table
from csfnet_bundle.studies.measuring.cases import Case
from csfnet_bundle.studies.measuring.choices import choice_cases, choice_rows, choices_table, rims_table
from csfnet_bundle.studies.measuring.drawn_nodules import drawn_cases
from csfnet_bundle.studies.measuring.evaluating import check_parts, evaluate_cases, prepare_cases
from csfnet_bundle.studies.measuring.networks import load_networks
from csfnet_bundle.studies.measuring.pages import measuring_tables
from csfnet_bundle.studies.measuring.reader_boxes import reader_cases
from csfnet_bundle.studies.measuring.summary import summarize
from csfnet_bundle.studies.measuring.whole_series import series_cases

BLOCK = re.compile(r"(<!-- table: (measuring_\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
CHOICES_TABLES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "measuring_choices": lambda document: choices_table(document["rows"]),
    "measuring_rims": lambda document: rims_table(document["rows"]),
    "measuring_beyond": lambda document: reaches_table(document["reaches"]),
}
"""The tables of constants that were tried, by their places on the page."""
CHOICES_RESULT = "measuring_choices.json"
COMMAND = "csfnet measuring-study LIDC_VOI LIDC_DICOM OUT"
CHOICES_COMMAND = f"{COMMAND} --choices 70"


def run_study(volumes: Path, series: Path, out: Path, model: Path, folds: Path | None) -> dict[str, Any]:
    """Measure every case by a network that has not seen it, and return the result; an interrupted study resumes.

    Args:
        volumes: LIDC's nodule volumes.
        series: two whole series of LIDC, packed, with ``nodules.json``.
        out: for what is made on the way.
        model: the network that is used.
        folds: folder of the networks of five folds, see
            :func:`csfnet_bundle.studies.measuring.networks.load_networks`.

    Raises:
        BundleError: data or networks that are not there, or networks that were not trained alike.
    """
    networks = load_networks(model, folds)
    cases = [
        case for case in all_cases(volumes, series, out) if case.part != reader_boxes.PART or networks.judges(case)
    ]
    prepare_cases(cases, out)
    rows = evaluate_cases(cases, networks.of, out)
    check_parts(rows)
    document = {
        "what": "How well nodules are measured; see docs/measuring.md.",
        "command": COMMAND if folds is None else f"{COMMAND} --folds FOLDS",
        "network": networks.known,
        "folds": networks.known_folds,
        "summary": summarize(rows),
    }
    plain: dict[str, Any] = _without_nan(document)
    return plain


def run_choices(volumes: Path, out: Path, model: Path, root: Path, count: int) -> None:
    """Try constants on patients that the network was trained on, and write the tables of docs/measuring.md.

    Args:
        volumes: LIDC's nodule volumes.
        out: for what is made on the way.
        model: a network, trained with a fold held out.
        root: of the bundle.
        count: volumes.
    """
    fold = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))["provenance"]["held_out_fold"]
    work = out / "unpacked"
    work.mkdir(parents=True, exist_ok=True)
    network = load_network(model)
    rows = choice_rows(choice_cases(volumes, work, fold, count), network, out)
    check_parts(rows)
    reaches = reach_rows(volumes, out, fold, count)
    document = {
        "command": CHOICES_COMMAND,
        "sha256": network.sha256,
        "held_out_fold": fold,
        "rows": rows,
        "reaches": reaches,
    }
    tables = {name: make(document).rstrip("\n") for name, make in CHOICES_TABLES.items()}
    _write_tables(root / "docs" / "measuring.md", tables)
    write_atomically(root / "docs" / "results" / CHOICES_RESULT, json.dumps(document, indent=1) + "\n")


def all_cases(volumes: Path, series: Path, out: Path) -> list[Case]:
    """Return the cases of every part."""
    work = out / "unpacked"
    work.mkdir(parents=True, exist_ok=True)
    return [*series_cases(series, work), *reader_cases(volumes, work), *drawn_cases()]


def write_result(document: dict[str, Any], root: Path) -> None:
    """Write docs/results/measuring.json and the tables of docs/measuring.md below ``root``.

    Raises:
        BundleError: the page lacks the place of a table.
    """
    _write_tables(root / "docs" / "measuring.md", measuring_tables(document))
    write_atomically(root / "docs" / "results" / "measuring.json", json.dumps(document, indent=1) + "\n")


def _write_tables(page: Path, tables: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    missing = set(tables) - {match[2] for match in BLOCK.finditer(text)}
    if missing:
        raise BundleError(f"there is no place for the table {min(missing)}", record=str(page))

    def filled(match: re.Match[str]) -> str:
        return f"{match[1]}{tables[match[2]]}\n{match[3]}" if match[2] in tables else match[0]

    write_atomically(page, BLOCK.sub(filled, text))


def _without_nan(value: Any) -> Any:
    """Return the same with None for what is not a number, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
