"""Writing a moved follow-up, whose slices are others than the real series', as a DICOM series marked as simulated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

from csfnet_bundle.cohorts.phantom.followup_writer import FollowupIdentity, mark, move, replace_pixels
from csfnet_bundle.cohorts.phantom.moved_scan import MovedGeometry
from csfnet_bundle.core.errors import BundleError

BITS, LOWEST_HU = 16, -1024
AXIAL = (1, 0, 0, 0, 1, 0)


def write_moved(
    paths: Sequence[str],
    slices: Iterable[NDArray[np.int16]],
    geometry: MovedGeometry,
    folder: Path,
    identity: FollowupIdentity,
) -> tuple[str, str]:
    """Write one file for each slice, with the tags of a real slice at the same share of the stack.

    Args:
        paths: the real series' files in the order of k; one slice each.
        slices: the simulated HU, each (I, J).
        geometry: where they lie.
        folder: where to, existing and empty.
        identity: dates and identifiers; its shift is part of the geometry already.

    Returns:
        SeriesInstanceUID and StudyDate (empty where the real one has none) of what was written.

    Raises:
        BundleError: a file with several frames.
    """
    count = geometry.shape[2]
    series_uid = study_date = ""
    for k, hu in enumerate(slices):
        path = paths[k * len(paths) // count]
        dataset = dcmread(path)
        if int(dataset.get("NumberOfFrames") or 1) > 1:
            raise BundleError(
                "a follow-up of a multi-frame series cannot be written",
                record=path,
                remedy="Convert it to single-frame CT images first.",
            )
        mark(dataset, identity)
        move(dataset, identity)
        dataset.SOPInstanceUID = identity.uid(f"{dataset.SeriesInstanceUID}/{k}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = k + 1
        _place(dataset, geometry, k)
        _set_pixels(dataset, hu)
        dcmwrite(folder / f"{k + 1:04d}.dcm", dataset, enforce_file_format=True)
        series_uid, study_date = str(dataset.SeriesInstanceUID), str(dataset.get("StudyDate") or "")
    return series_uid, study_date


def _place(dataset: Dataset, geometry: MovedGeometry, k: int) -> None:
    x, y, z = (geometry.affine @ [0, 0, k, 1.0])[:3]
    dataset.ImagePositionPatient = [format_number_as_ds(round(float(value), 4)) for value in (x, y, z)]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.PixelSpacing = [format_number_as_ds(float(geometry.affine[axis, axis])) for axis in (1, 0)]
    dataset.SliceThickness = format_number_as_ds(float(geometry.affine[2, 2]))
    for name in ("SliceLocation", "SpacingBetweenSlices", "GantryDetectorTilt", "ReconstructionDiameter"):
        if name in dataset:
            delattr(dataset, name)  # of the real slice


def _set_pixels(dataset: Dataset, hu: NDArray[np.int16]) -> None:
    dataset.Columns, dataset.Rows = hu.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = BITS, BITS, BITS - 1, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    if "PixelPaddingValue" in dataset:
        del dataset.PixelPaddingValue
    replace_pixels(dataset, np.maximum(hu.T, LOWEST_HU))
