"""The result files that the tables of docs/*.md are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results"


def load(name: str) -> dict[str, Any]:
    """Return a result file's content."""
    content: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return content


def tables_or_command(name: str, command: str, markdown: Callable[[Any], str]) -> str:
    """The tables of a results.json, or that its command has not been run."""
    if not (RESULTS / name).is_file():
        return (
            f"**Not run yet.** `{command}` makes it; its results.json, kept as docs/results/{name}, fills this place."
        )
    return markdown(load(name)).rstrip("\n")


def number(value: float | None) -> str:
    """Return a figure with three decimals; a cell stays empty where there is none."""
    return "" if value is None else f"{value:.3f}"
