"""What a run over a table of pairs writes of each: one row of the results, kept beside its case page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from csfnet_bundle import __version__
from csfnet_bundle.core.alarm import alarms
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs.matching import MATCH_KEY
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.prediction.case_files import series_columns
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import Scan

RESULT_NAME = "result.json"
RESULT_FORMAT = 3
"""Goes up when a change of the program changes what a result holds: results of before are then made again."""


@dataclass(frozen=True)
class Result:
    """A predicted row.

    Attributes:
        key: what the result depends on, hashed: the row, its files, the weights, the options, the version.
        folder: of its case page, relative to the run's.
        page: its file in that folder.
        cells: the row of the results, by column; plain values.
    """

    key: str
    folder: str
    page: str
    cells: Mapping[str, object]

    @property
    def alarms(self) -> tuple[str, ...]:
        """The findings that a reader must see before the number."""
        return alarms(str(self.cells.get("findings") or "").split("\n"))

    def write(self, folder: Path) -> None:
        """Write it as :data:`RESULT_NAME` into a folder."""
        document = {"key": self.key, "folder": self.folder, "page": self.page, "cells": dict(self.cells)}
        write_atomically(folder / RESULT_NAME, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_result(file: Path) -> Result | None:
    """Return what :meth:`Result.write` wrote; None where the file is damaged, or its page is gone."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        found = Result(str(document["key"]), file.parent.name, str(document["page"]), dict(document["cells"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if (file.parent / found.page).is_file() else None


def result_cells(prediction: Prediction, weights_sha256: str) -> dict[str, object]:
    """Return the row of a prediction.

    Args:
        prediction: of a pair.
        weights_sha256: digest of the file of the weights.
    """
    pair = prediction.pair
    low, high = prediction.band or (None, None)
    series = dict(zip(("t0", "t1"), prediction.series, strict=True))
    measured = prediction.measured or PairMeasurements()
    return {
        "subject": pair.subject,
        "nodule": pair.nodule,
        "probability": prediction.probability,
        "probability_clicks_lowest": low,
        "probability_clicks_highest": high,
        "class": "malignant" if prediction.malignant else "benign",
        "threshold": prediction.threshold,
        "logit": prediction.logit,
        **_point("t0", pair.t0, None if pair.t0 is None else prediction.centers_lps[0].tolist()),
        **_point("t1", pair.t1, prediction.centers_lps[1].tolist()),
        "t0_date": None if pair.t0 is None else pair.t0.date,
        "t1_date": pair.t1.date,
        "interval_days": pair.days,
        **series_columns(series),
        **measured.columns(),
        "clinical": "; ".join(f"{label}: {words}" for label, words in prediction.clinical.items()),
        "findings": "\n".join(prediction.findings),
        "weights_sha256": weights_sha256,
        "weights_trained_on": prediction.trained_on,
        "caveat": prediction.caveat or None,
        "csfnet_bundle": __version__,
        "torch": str(torch.__version__),
        "monai": version("monai"),
    }


def _point(name: str, scan: Scan | None, lps: Sequence[float] | None) -> dict[str, object]:
    """Return where a point lies, and whether it was given or matched, with the votes and the spread of the match."""
    place: Sequence[float | None] = (None, None, None) if lps is None else [round(value, 3) for value in lps]
    x, y, z = place
    match = {} if scan is None else scan.extra.get(MATCH_KEY)
    figures = match if isinstance(match, Mapping) else {}
    return {
        f"{name}_x_lps": x,
        f"{name}_y_lps": y,
        f"{name}_z_lps": z,
        f"{name}_point": None if scan is None else scan.point_source or "given",
        f"{name}_match_votes": figures.get("votes"),
        f"{name}_match_spread_mm": figures.get("spread_mm"),
    }
