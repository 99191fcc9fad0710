"""Work that resumes belongs to its settings: others are rejected, and the message names what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csfnet_bundle.core.errors import BundleError

_DIGEST = "_sha256"
_LONGEST_SHOWN = 80
"""Characters; a longer difference would not fit the one line that an error has."""


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that differ, with both values where they are short.

    Settings that end in ``_sha256`` are digests of files: they are named by what was digested, without the digits.
    """
    changes = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old != new:
            values = f"{old} -> {new}"
            shown = len(values) <= _LONGEST_SHOWN and not name.endswith(_DIGEST)
            changes.append(f"{name} ({values})" if shown else name.removesuffix(_DIGEST))
    return changes


def check_same_settings(
    before: Mapping[str, Any], now: Mapping[str, Any], *, record: str, what: str, remedy: str
) -> None:
    """Compare what a folder was begun with and what is asked for now.

    Args:
        before: plain values, as the folder has them.
        now: the same, as they are meant now.
        record: the folder.
        what: what it holds, such as ``"a study"``.
        remedy: what to do about it.

    Raises:
        BundleError: they differ.
    """
    if changes := changed_settings(before, now):
        raise BundleError(f"holds {what} with other settings: {'; '.join(changes)}", record=record, remedy=remedy)
