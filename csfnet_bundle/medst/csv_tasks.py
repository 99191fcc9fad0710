"""The four evaluations on tables of radiographs and sentences, like MS-CXR-T's and RSNA's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.change import Change
from csfnet_bundle.medst.embedding import Embedded, Task, beside_untrained
from csfnet_bundle.medst.radiographs import image_file, read_table
from csfnet_bundle.medst.sequences import RadiographFiles, Study
from csfnet_bundle.medst.tasks import (
    probe_classification,
    temporal_image_classification,
    temporal_sentence_similarity,
    zero_shot_classification,
)

Result = dict[str, object]


def temporal_image_task(csv: str | Path) -> Task:
    """Return temporal image classification on a CSV: ``patient``, ``previous_frontal``, ``frontal``, ``change``.

    ``previous_lateral`` and ``lateral`` may be there; ``change`` is improving, stable or worsening.
    """
    csv = Path(csv)
    table = read_table(csv, ("patient", "previous_frontal", "frontal", "change"))
    known = [change.value for change in Change]
    for row, value in table["change"].items():
        if value not in known:
            raise BundleError(f"change is {value!r}, expected {', '.join(known)}", record=f"{csv}, row {row}")
    firsts, seconds = _studies(table, csv, "previous_"), _studies(table, csv)
    changes, patients = table["change"].tolist(), table["patient"].tolist()

    def judge(embedded: Embedded) -> Result:
        return beside_untrained(
            embedded,
            lambda features: temporal_image_classification(
                features.study_features(firsts), features.study_features(seconds), changes, patients
            ),
        )

    return Task("temporal_image", tuple(patients), (*firsts, *seconds), (), judge)


def temporal_sentence_task(csv: str | Path) -> Task:
    """Return temporal sentence similarity: ``patient``, ``first``, ``second``, ``label`` (1 means the same)."""
    csv = Path(csv)
    table = read_table(csv, ("patient", "first", "second", "label"))
    first, second, patients = (table[name].tolist() for name in ("first", "second", "patient"))
    for row, texts in table[["first", "second"]].iterrows():
        if not all(text.strip() for text in texts):
            raise BundleError("a sentence is blank", record=f"{csv}, row {row}", remedy="Leave the row out.")
    labels = _labels(table, csv)

    def judge(embedded: Embedded) -> Result:
        return temporal_sentence_similarity(embedded.texts(first), embedded.texts(second), labels, patients)

    return Task("temporal_sentence", tuple(patients), (), (*first, *second), judge)


def zero_shot_task(csv: str | Path, positive: Sequence[str], negative: Sequence[str]) -> Task:
    """Return zero-shot classification on a CSV: ``patient``, ``frontal``, ``label``; ``lateral`` may be there.

    Args:
        csv: the table.
        positive: sentences of the finding.
        negative: sentences of its absence.
    """
    csv = Path(csv)
    table = read_table(csv, ("patient", "frontal", "label"))
    studies, labels, patients = _studies(table, csv), _labels(table, csv), table["patient"].tolist()
    if not positive or not negative:
        raise BundleError("zero-shot classification needs sentences of the finding and of its absence")

    def judge(embedded: Embedded) -> Result:
        texts = embedded.texts(positive), embedded.texts(negative)
        return zero_shot_classification(embedded.images(studies), *texts, labels, patients)

    return Task("zero_shot", tuple(patients), tuple(studies), (*positive, *negative), judge)


def probe_task(csv: str | Path) -> Task:
    """Return image classification by a probe on a CSV: ``patient``, ``frontal``, ``label``; perhaps ``lateral``."""
    csv = Path(csv)
    table = read_table(csv, ("patient", "frontal", "label"))
    studies, labels, patients = _studies(table, csv), _labels(table, csv), table["patient"].tolist()

    def judge(embedded: Embedded) -> Result:
        return beside_untrained(
            embedded, lambda features: probe_classification(features.study_features(studies), labels, patients)
        )

    return Task("probe", tuple(patients), tuple(studies), (), judge)


def _studies(table: pd.DataFrame, csv: Path, prefix: str = "") -> list[Study]:
    """Return the studies of the rows; equal files are one study, embedded once."""
    studies = []
    for number, row in table.iterrows():
        cells = (str(row.get(f"{prefix}{view}", "")) for view in ("frontal", "lateral"))
        frontal, lateral = (image_file(cell, csv, f"row {number}") for cell in cells)
        if frontal is None:
            raise BundleError(f"{prefix}frontal is blank", record=f"{csv}, row {number}", remedy="Leave the row out.")
        files = RadiographFiles(frontal, lateral)
        studies.append(Study(f"{frontal}+{lateral}", str(row["patient"]), "", files))
    return studies


def _labels(table: pd.DataFrame, csv: Path) -> list[int]:
    for row, value in table["label"].items():
        if value not in ("0", "1"):
            raise BundleError(f"label is {value!r}, expected 0 or 1", record=f"{csv}, row {row}")
    return [int(value) for value in table["label"]]
