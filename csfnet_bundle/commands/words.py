"""Options that hold several words."""

from __future__ import annotations

from collections.abc import Sequence


def words(option: str | Sequence[object]) -> list[str]:
    """Return the parts of ``A,B,C``: Fire makes a list of plain words, but leaves paths and file names one string."""
    parts = option.split(",") if isinstance(option, str) else [str(part) for part in option]
    return [part.strip() for part in parts if part.strip()]
