"""Self-contained HTML pages from the templates of this package."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from csfnet_bundle.core.alarm import is_alarm
from csfnet_bundle.core.files import write_atomically


def write_page(path: Path, template: str, values: dict[str, object]) -> None:
    """Render ``template`` and write it in one step; every value is escaped, a missing one is an error."""
    write_atomically(path, _environment().get_template(template).render(values))


def data_uri(png: bytes) -> str:
    """Return a PNG as a data URI, so that the page needs no other file."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("csfnet_bundle.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["is_alarm"] = is_alarm
    return environment
