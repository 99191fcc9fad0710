"""A report as plain sections, written as one HTML page and as Markdown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from csfnet_bundle.core.files import write_atomically


@dataclass(frozen=True)
class Table:
    """A table of cells that are already words.

    Attributes:
        head: names of the columns.
        rows: as many cells in each as the head has.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A PNG with the name of its file and what it shows."""

    name: str
    png: bytes
    caption: str


@dataclass(frozen=True)
class Section:
    """A heading with what follows it, in the order text, table, picture, list."""

    title: str
    text: str = ""
    table: Table | None = None
    picture: Picture | None = None
    items: tuple[str, ...] = ()


def write_report(folder: Path, title: str, sections: Sequence[Section]) -> tuple[Path, Path]:
    """Write ``report.html`` (self-contained) and ``report.md`` (with its pictures beside it); return both paths."""
    html, markdown = folder / "report.html", folder / "report.md"
    environment = Environment(
        loader=PackageLoader("csfnet_bundle.cohorts.nlst"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = lambda png: f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
    write_atomically(html, environment.get_template("report.html").render(title=title, sections=sections))
    for section in sections:
        if section.picture is not None:
            write_atomically(folder / section.picture.name, section.picture.png)
    write_atomically(markdown, to_markdown(title, sections))
    return html, markdown


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """Return the report as Markdown."""
    blocks = [f"# {title}"]
    for section in sections:
        blocks.append(f"## {section.title}")
        if section.text:
            blocks.append(section.text)
        if section.table is not None:
            blocks.append(markdown_table(section.table))
        if section.picture is not None:
            blocks.append(f"![{section.picture.caption}]({section.picture.name})\n\n{section.picture.caption}")
        if section.items:
            blocks.append("\n".join(f"- {item}" for item in section.items))
    return "\n\n".join(blocks) + "\n"


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, its columns padded so that the text reads as a table too."""
    rows = [tuple(cell.replace("|", "\\|") for cell in row) for row in (table.head, *table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
