"""DICOM files, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset

from csfnet_bundle.core.files import atomic_path


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset, with its file meta information, to ``path`` in one step."""
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
