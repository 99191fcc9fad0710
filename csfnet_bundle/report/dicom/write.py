"""DICOM files, written whole or not at all, and what all objects of a result share."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TypeVar

from pydicom import Dataset

from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.report.dicom.source import EMPTY_ALLOWED, Source

PATIENT_AND_STUDY = (*EMPTY_ALLOWED, "StudyInstanceUID", "IssuerOfPatientID", "StudyDescription", "PatientAge")
"""Attributes that every object takes over from the scan whose study it belongs to."""

AnyDataset = TypeVar("AnyDataset", bound=Dataset)


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset, with its file meta information, to ``path`` in one step."""
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)


def take_patient_and_study(made: Dataset, source: Source) -> None:
    """Set the patient and the study of an object to those of a scan."""
    header = source.instances[0]
    for name in PATIENT_AND_STUDY:
        if name in header:
            # A new element: setting a value would change the header that highdicom shares its elements with.
            made[name] = copy(header[name])
        elif name in made:
            delattr(made, name)


def into_study(made: AnyDataset, source: Source, target: Source) -> AnyDataset:
    """Move an object that was made from ``source`` into the study of ``target``; its images stay referenced."""
    take_patient_and_study(made, target)
    other = Dataset()
    other.StudyInstanceUID = source.instances[0].StudyInstanceUID
    other.ReferencedSeriesSequence = made.ReferencedSeriesSequence
    del made.ReferencedSeriesSequence
    made.StudiesContainingOtherReferencedInstancesSequence = [other]
    return made
