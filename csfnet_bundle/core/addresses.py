"""Whether a word is the address of a web service, or the path of a folder."""

from __future__ import annotations

SCHEMES = ("http://", "https://")


def is_web_address(text: str) -> bool:
    """Say whether a text begins as an address of the web does: in small letters, as MONAI Label looks for it."""
    return text.startswith(SCHEMES)
