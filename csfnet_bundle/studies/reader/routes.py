"""The routes from a folder of slices to one ROI that ``benchmark-roi`` compares, and the child that measures them.

Run as a program, this module measures in a process of its own: one thread, files in the operating system's cache.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle.studies.reader.standard_roi import ROI_SIZE, ROI_SPACING

Route = Callable[[], object]

HEADER_TAGS = (
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyDate",
    "PatientID",
    "ImageType",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "Rows",
    "RescaleSlope",
    "RescaleIntercept",
)
"""The twelve elements that a pass with pydicom reads."""
FLOOR_BYTES = 2048
"""Bytes of each file that hold its header, read for the floor."""


@dataclass(frozen=True)
class Setting:
    """What a route works on: the folder of slices, a folder for the index, and the nodule point in LPS mm."""

    folder: str
    index: str
    point: tuple[float, float, float]


@dataclass(frozen=True)
class RouteKind:
    """A route: what the table calls it, how it is prepared, whether it takes seconds."""

    label: str
    prepare: Callable[[Setting], Route]
    is_slow: bool = False


def _floor(setting: Setting) -> Route:
    import numpy as np

    from csfnet_bundle.geometry import Point, Space
    from csfnet_bundle.geometry.resample import grid_index_bounds
    from csfnet_bundle.scans.dicom import scan_folder, select_series
    from csfnet_bundle.scans.dicom.roi import plan_roi

    plan = plan_roi(select_series(scan_folder(setting.folder)), Point(setting.point, Space.LPS), ROI_SIZE, ROI_SPACING)
    low, high = grid_index_bounds(plan.affine, plan.grid)
    first, last = int(np.floor(low[1])), int(np.ceil(high[1]))
    row_bytes = 2 * plan.instances[0].columns
    rows = {item.path: item.pixel_offset + first * row_bytes for item in plan.instances}
    length = (last - first + 1) * row_bytes

    def run() -> None:
        with os.scandir(setting.folder) as entries:
            for entry in entries:
                with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123 - the least that Python can do
                    file.read(FLOOR_BYTES)
                    offset = rows.get(entry.path)
                    if offset is not None:
                        file.seek(offset)
                        file.read(length)

    return run


def _reader(*, known: bool) -> Callable[[Setting], Route]:
    def prepare(setting: Setting) -> Route:
        from csfnet_bundle.geometry import Point, Space
        from csfnet_bundle.scans.dicom import read_roi, scan_folder, select_series

        point, index = Point(setting.point, Space.LPS), setting.index if known else None
        return lambda: read_roi(select_series(scan_folder(setting.folder, index=index)), point, ROI_SIZE, ROI_SPACING)

    return prepare


def _own_headers(setting: Setting) -> Route:
    from csfnet_bundle.scans.dicom import scan_folder

    return lambda: scan_folder(setting.folder)


def _pydicom_headers(setting: Setting) -> Route:
    import pydicom

    def run() -> None:
        with os.scandir(setting.folder) as entries:
            for entry in entries:
                dataset = pydicom.dcmread(entry.path, stop_before_pixels=True, specific_tags=list(HEADER_TAGS))
                for name in HEADER_TAGS:
                    getattr(dataset, name)

    return run


def _simpleitk(setting: Setting) -> Route:
    import SimpleITK as sitk  # noqa: N813 - the name that its users give it

    def run() -> object:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(setting.folder))
        return reader.Execute()

    return run


def _monai(*, chain: bool) -> Callable[[Setting], Route]:
    def prepare(setting: Setting) -> Route:
        import monai.transforms as mt
        import torch

        torch.set_num_threads(1)
        load = mt.LoadImage(image_only=True, ensure_channel_first=True)
        if not chain:
            return lambda: load(setting.folder)
        x, y, z = setting.point
        place = torch.tensor([-x, -y, z, 1.0], dtype=torch.float64)  # MONAI volumes are RAS
        orient, space = mt.Orientation("RAS", labels=None), mt.Spacing(ROI_SPACING[::-1])

        def run() -> object:
            image = space(orient(load(setting.folder)))
            index = torch.linalg.solve(image.affine.to(torch.float64), place)[:3]  # type: ignore[attr-defined]
            return mt.SpatialCrop(roi_center=index.round().int().tolist(), roi_size=ROI_SIZE[::-1])(image)

        return run

    return prepare


ROUTES = {
    "floor": RouteKind("floor: open each file, read 2 kB; the rows needed", _floor),
    "known": RouteKind("this reader, index known, every file looked up", _reader(known=True)),
    "cold": RouteKind("this reader, nothing known", _reader(known=False)),
    "headers": RouteKind("this reader's header pass alone", _own_headers),
    "pydicom": RouteKind("one pydicom header pass, 12 tags", _pydicom_headers),
    "simpleitk": RouteKind("SimpleITK: names and read", _simpleitk, is_slow=True),
    "monai_load": RouteKind("MONAI LoadImage alone", _monai(chain=False), is_slow=True),
    "monai_chain": RouteKind("MONAI LoadImage, Orientation, Spacing, crop", _monai(chain=True), is_slow=True),
}


def measure_times(
    names: list[str], setting: Setting, rounds: int, slow_rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Measure routes side by side, in turns, so that a busy machine is as hard on one as on another.

    Returns:
        For each route ``wall_ms`` and ``cpu_ms``, one value a round.
    """
    routes = {name: ROUTES[name].prepare(setting) for name in names}
    times: dict[str, dict[str, list[float]]] = {name: {"wall_ms": [], "cpu_ms": []} for name in names}
    for name in names:
        if not ROUTES[name].is_slow:
            routes[name]()  # loads what is imported late, and fills the index
    fast_turns = -(-rounds // slow_rounds)
    for _ in range(slow_rounds):
        turns = [name for name in names if ROUTES[name].is_slow]
        turns += [name for name in names if not ROUTES[name].is_slow] * fast_turns
        for name in turns:
            wall, cpu = time.perf_counter(), time.process_time()
            routes[name]()
            times[name]["cpu_ms"].append(1e3 * (time.process_time() - cpu))
            times[name]["wall_ms"].append(1e3 * (time.perf_counter() - wall))
    return times


def measure_memory(name: str, setting: Setting) -> float:
    """Return the peak memory (MB) of one run of a route above that of the process when all is imported."""
    from csfnet_bundle.scans import dicom  # noqa: F401 - every route is measured above the reader's import

    route = ROUTES[name].prepare(setting)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux: the peak starts anew
    before = _peak_memory()
    route()
    return _peak_memory() - before


def _peak_memory() -> float:
    """Return the largest resident memory of this process so far, MB."""
    import resource

    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Measure what the JSON in the first argument asks for, and print the result as JSON."""
    request: dict[str, Any] = json.loads(sys.argv[1])
    result: object
    if request["measure"] == "syntaxes":
        from csfnet_bundle.studies.reader.syntaxes import measure_syntaxes

        print("\n" + json.dumps(measure_syntaxes(Path(request["folder"]), request["matrix"])))
        return
    setting = Setting(request["folder"], request["index"], tuple(request["point"]))
    if request["measure"] == "memory":
        (name,) = request["routes"]
        result = measure_memory(name, setting)
    else:
        result = measure_times(request["routes"], setting, request["rounds"], request["slow_rounds"])
    print("\n" + json.dumps(result))


if __name__ == "__main__":
    main()
