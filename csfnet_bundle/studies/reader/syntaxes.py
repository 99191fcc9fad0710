"""Compressed series in ``benchmark-roi``: how long a ROI takes by transfer syntax and plugin."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from csfnet_bundle.cohorts.phantom.compression import COMPRESSED_SYNTAXES, rewrite_series
from csfnet_bundle.cohorts.phantom.plain_series import plain_point, write_plain_series
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom import read_roi, scan_folder, select_series
from csfnet_bundle.scans.dicom.decoding import has_decoder
from csfnet_bundle.scans.dicom.roi import plan_roi
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED
from csfnet_bundle.studies.reader.standard_roi import CENTER_INDEX, ROI_SIZE, ROI_SPACING

SLICES = 20
"""Slices of the series that is compressed; a ROI needs most of them."""
ROUNDS = 3


def measure_syntaxes(folder: Path, matrix: int) -> list[dict[str, object]]:
    """Measure one ROI of a small series in each compressed syntax, by this reader and by each plugin of pydicom.

    Args:
        folder: where the series go.
        matrix: rows and columns.

    Returns:
        One row for each syntax and plugin: ``slices`` decoded, ``decode_ms`` of pydicom with that plugin in this
        process, and ``roi_ms`` of this reader (its child process, all checks, resampling) where it uses the plugin.
    """
    logging.getLogger("openjpeg").setLevel(logging.WARNING)  # tells of every tile
    plain = write_plain_series(folder / "plain", SLICES, matrix)
    rows: list[dict[str, object]] = []
    for uid in COMPRESSED_SYNTAXES:
        syntax = ALLOWED[uid]
        if not has_decoder(syntax):
            continue
        series = select_series(scan_folder(rewrite_series(plain, folder / str(uid), uid)))
        point = Point(plain_point(SLICES, matrix, CENTER_INDEX), Space.LPS)
        files = [item.path for item in plan_roi(series, point, ROI_SIZE, ROI_SPACING).instances]
        for plugin in get_decoder(UID(uid)).available_plugins:
            is_ours = plugin == syntax.plugin
            rows.append(
                {
                    "syntax": syntax.name,
                    "plugin": plugin,
                    "slices": len(files),
                    "decode_ms": _median(lambda p=plugin, f=files: _decode(f, p)),  # type: ignore[misc]
                    "roi_ms": _median(lambda s=series, p=point: read_roi(s, p)) if is_ours else "",  # type: ignore[misc]
                }
            )
    return rows


def _decode(files: list[str], plugin: str) -> None:
    for file in files:
        dataset = dcmread(file)
        get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, raw=True, decoding_plugin=plugin)


def _median(run: Callable[[], object]) -> float:
    run()  # starts the child process, imports the plugin
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)
