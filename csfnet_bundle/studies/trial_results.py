"""The results of a trial of many fits: kept after each of them, so that the same call goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from csfnet_bundle import __version__
from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically

RESULTS_NAME, TABLE_NAME = "results.json", "table.md"


def begin_or_resume(out: Path, **settings: float | str | None) -> dict[str, Any]:
    """Return the results as an earlier call left them in ``out``, or new ones without a fit.

    Args:
        out: the trial's folder.
        settings: what all fits share, numbers above 0; this bundle's version counts too.

    Raises:
        BundleError: a number that is not above 0, or the folder holds a trial with other settings.
    """
    for name, value in settings.items():
        if isinstance(value, int | float) and value <= 0:
            raise BundleError(f"is {value}, expected a number above 0", record=f"--{name}")
    shared = {**settings, "bundle_version": __version__}
    path = out / RESULTS_NAME
    if not path.is_file():
        return {"settings": shared, "fits": []}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    remedy = "Name another --out, or remove this one."
    check_same_settings(document["settings"], shared, record=str(out), what="a trial", remedy=remedy)
    return document


def check_seeds(seeds: int) -> None:
    """Check that a trial trains anything; raises BundleError. Seeds may be added later, so they are no settings."""
    if seeds < 1:
        raise BundleError(f"is {seeds}, expected 1 or more", record="--seeds")


def has_fit(document: dict[str, Any], **fit: object) -> bool:
    """Say whether the results have the fit that these entries name."""
    return any(all(one[name] == value for name, value in fit.items()) for one in document["fits"])


def keep_results(out: Path, document: dict[str, Any], table: str) -> None:
    """Write the results and their table."""
    write_atomically(out / RESULTS_NAME, json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_atomically(out / TABLE_NAME, table)
