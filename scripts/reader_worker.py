"""The process in which ``compare_readers.py`` lets one reader read folders: a reader that crashes ends only it.

The arguments are the reader's name and a file with a JSON list of cases (name, folder, affine of the
series as it was made); a line of JSON is printed before and after each.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "tests")]

from helpers.synthetic_series import (  # noqa: E402 - after the path is set
    AIR,
    COLUMNS,
    LANDMARK_HU,
    ROWS,
    SLICES,
    landmarks_lps,
    voxel_hu,
)

Read = Callable[[str], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From a folder to HU in any order of axes, and the affine from its index to LPS mm."""

PLACE_TOLERANCE_MM = 0.1
"""Farthest that a landmark may lie from its place: what the bundle promises."""
HU_TOLERANCE = 2.0
"""Largest difference of a voxel from what belongs to its place: stored values are rounded to whole numbers."""
VISIBLE_SHIFT_MM = 0.25
"""Shift of a landmark's centre above which the distance says more than the difference in HU."""
PADDING_HU = -1024.0
"""Below it is padding, which readers may leave as it is."""


def read_bundle(folder: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """This bundle's reader."""
    from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series

    volume = read_volume(select_series(scan_folder(folder)))
    return volume.array.astype(float), volume.affine


def _read_monai(reader: str) -> Read:
    from monai.transforms import LoadImage

    load = LoadImage(reader=reader, image_only=True)

    def read(folder: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        image = load(folder)
        return image.numpy().astype(float), np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine.numpy()  # from RAS

    return read


def read_simpleitk(folder: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """SimpleITK's series reader, with the file names that GDCM orders."""
    import SimpleITK as sitk  # noqa: N813 - the name that its users give it

    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder), sitk.sitkFloat64)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).transpose(2, 1, 0), affine


def read_highdicom(folder: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Highdicom, all files of the folder handed to it."""
    import highdicom
    from pydicom import dcmread

    datasets = [dcmread(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    if len(datasets) == 1 and "NumberOfFrames" in datasets[0]:
        datasets[0].setdefault("DimensionIndexSequence", [])
        volume = highdicom.image.Image.from_dataset(datasets[0]).get_volume()
    else:
        volume = highdicom.image.get_volume_from_series(datasets)
    return np.asarray(volume.array, float), volume.affine


READERS: dict[str, Callable[[], Read]] = {
    "this bundle": lambda: read_bundle,
    "MONAI ITKReader": lambda: _read_monai("ITKReader"),
    "MONAI PydicomReader": lambda: _read_monai("PydicomReader"),
    "SimpleITK": lambda: read_simpleitk,
    "highdicom": lambda: read_highdicom,
}


def judge(array: NDArray[np.float64], affine: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[bool, str]:
    """Say whether a volume is right, and if not, what is wrong.

    Args:
        array: HU, three axes in any order.
        affine: (4, 4) from its index to LPS mm.
        truth: (4, 4), the affine of the series as it was made.
    """
    shape, marks = (COLUMNS, ROWS, SLICES), landmarks_lps(truth)
    found = " x ".join(map(str, array.shape))
    if array.ndim != 3:
        return False, f"{found} voxels"
    index = np.stack([*np.meshgrid(*map(np.arange, array.shape), indexing="ij"), np.ones(array.shape)], axis=-1)
    place = (index @ affine.T)[..., :3]
    if sorted(array.shape) != sorted(shape):
        distance = _farthest_landmark(array, place, marks)
        return False, f"{found} voxels" + (f", {distance:.1f} mm" if distance and distance > PLACE_TOLERANCE_MM else "")
    there = np.round((index @ (np.linalg.inv(truth) @ affine).T)[..., :3])  # the voxel of the series nearest to it
    off = np.linalg.norm(place - (there @ truth[:3, :3].T + truth[:3, 3]), axis=-1).max()
    if off <= PLACE_TOLERANCE_MM and (there >= 0).all() and (there < shape).all():
        expected = voxel_hu(truth, shape, marks)[tuple(np.moveaxis(there.astype(int), -1, 0))]
        difference = float(np.abs(np.maximum(array, PADDING_HU) - expected).max())
        if difference <= HU_TOLERANCE:
            return True, ""
        distance = _farthest_landmark(array, place, marks)
        if distance is not None and distance > VISIBLE_SHIFT_MM:
            return False, f"{distance:.1f} mm"
        return False, f"{difference:.0f} HU"
    distance = _farthest_landmark(array, place, marks)
    return False, f"{off if distance is None else max(distance, off if off < 1 else 0):.1f} mm"


def _farthest_landmark(
    array: NDArray[np.float64], place: NDArray[np.float64], marks: NDArray[np.float64]
) -> float | None:
    """Return how far the worst landmark is from the nearest bright spot, mm; None if there is no spot."""
    from scipy import ndimage

    array = np.minimum(array, AIR + LANDMARK_HU)  # else padding that was taken for tissue would outshine the landmarks
    low, high = float(array.min()), float(array.max())
    labels, count = ndimage.label(array > low + 0.3 * (high - low))
    if not 0 < count < 50:
        return None
    weights = array - low
    spots = []
    for label in range(1, count + 1):
        chosen = labels == label
        spots.append((place[chosen] * weights[chosen, None]).sum(0) / weights[chosen].sum())
    return max(min(float(np.linalg.norm(spot - mark)) for spot in spots) for mark in marks)


def main() -> None:
    """Read every case."""
    warnings.simplefilter("ignore")
    name, cases = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    read = READERS[name]()
    for case in cases:
        print("\n" + json.dumps({"start": case["name"]}), flush=True)
        result: dict[str, Any] = {"name": case["name"], "read": False, "right": False, "detail": ""}
        try:
            array, affine = read(case["folder"])
            result["read"] = True
            result["right"], result["detail"] = judge(array, affine, np.array(case["affine"]))
        except Exception as error:  # whatever a reader raises counts as a refusal
            code = getattr(error, "code", None)
            result["detail"] = str(code) if isinstance(code, str) else type(error).__name__
        print("\n" + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
