"""Measure what `cohort --rois_only` reads of real series, against their whole bytes.

    python scripts/measure_range_bytes.py --series DIR DIR --outlines nodules.json --json docs/results/range_bytes.json

Each folder is a CT series; a local S3 server has it as the public bucket has its series, one prefix a series and one
object a slice. t1 is the series; t0 is the same with a shift in its positions and noise on its pixels, so that a place
can be matched. Slices of half the spacing are made by one interpolated slice between each two. Every ROI is
compared with that of the whole series and must be equal bit for bit.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from csfnet_bundle.cohorts.nlst.hollow_series import HEAD_BYTES
from csfnet_bundle.cohorts.nlst.rois_only import bytes_of
from csfnet_bundle.cohorts.phantom.reader_masks import read_outlines
from csfnet_bundle.commands import main
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.registration import match_point
from csfnet_bundle.scans.scan import open_scan

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.nlst_files import Archive, write_csv
from helpers.s3_server import Server, serve

HEADER = ["subject", "nodule", "date", "series_uid", "x", "y", "z", "space", "label"]
DATES = ("20000101", "20010101")
SHIFT_MM = np.array([4.0, -3.0, 6.0])
NOISE = 20.0
IMAGES = "images"
KNOWN, MATCHED = "both points known", "matched"
WAYS = (KNOWN, MATCHED)


def slices_of(folder: Path, *, halved: bool) -> list[FileDataset]:
    """Return a series' slices from the feet up; with one more between each two where they are to be halved."""
    found = sorted(
        (dcmread(path) for path in folder.rglob("*.dcm")), key=lambda item: float(item.ImagePositionPatient[2])
    )
    if not halved:
        return found
    made: list[FileDataset] = []
    for below, above in itertools.pairwise(found):
        between = dcmread(str(below.filename))
        middle = (below.pixel_array.astype(np.int32) + above.pixel_array) // 2
        between.PixelData = middle.astype(below.pixel_array.dtype).tobytes()
        z = (float(below.ImagePositionPatient[2]) + float(above.ImagePositionPatient[2])) / 2
        between.ImagePositionPatient = [*below.ImagePositionPatient[:2], f"{z:.4f}"]
        made += [below, between]
    return [*made, found[-1]]


def write_screen(slices: list[FileDataset], screen: int, patient: str, folder: Path) -> str:
    """Write the slices as one screen of a patient; return its SeriesInstanceUID."""
    random = np.random.default_rng(screen)
    uid = str(generate_uid(entropy_srcs=[patient, str(screen)]))
    place = folder / patient / uid
    place.mkdir(parents=True)
    for number, item in enumerate(slices):
        data = copy.deepcopy(item)
        data.PatientID, data.StudyDate, data.SeriesInstanceUID = patient, DATES[screen], uid
        data.StudyInstanceUID = f"1.2.840.999.{patient}.{screen + 1}"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[uid, str(number)])
        if screen == 0:
            shifted = np.array(list(map(float, item.ImagePositionPatient))) + SHIFT_MM
            data.ImagePositionPatient = [f"{value:.4f}" for value in shifted]
            pixels = item.pixel_array + np.rint(random.normal(0, NOISE, item.pixel_array.shape))
            kind = np.iinfo(item.pixel_array.dtype)
            data.PixelData = np.clip(pixels, kind.min, kind.max).astype(item.pixel_array.dtype).tobytes()
        data.save_as(place / f"{number:04d}.dcm")
    return uid


def first_nodule(source: Path, outlines: Path) -> NDArray[np.float64]:
    """Return the centre of a series' first outlined nodule, LPS mm, shape (3,)."""
    opened = open_scan(source)
    nodule = read_outlines(outlines, opened.name, opened.affine, opened.shape)[0]
    center: NDArray[np.float64] = (opened.affine @ [*nodule.center, 1.0])[:3]
    return center


def measure(
    folder: Path, server: Server, uids: list[str], point: NDArray[np.float64], count: int, way: str
) -> dict[str, float]:
    """Make the cohort of one patient by ranges; return the bytes, and how far the place in t0 is off.

    Raises:
        SystemExit: the command fails, or its place or ROIs are not those of the whole series.
    """
    archive, patient, images = Archive(folder), folder.parent.name, folder.parent / IMAGES
    for screen, uid in enumerate(uids):
        archive.add(
            patient,
            screen,
            SeriesInstanceUID=uid,
            StudyDate=f"{DATES[screen][:4]}-01-01",
            instanceCount=count,
            series_aws_url=f"s3://idc-open-data/{patient}-{screen}/*",
        )
    at_t0, is_known = point + SHIFT_MM, way == KNOWN
    rows = [
        [patient, "n1" if is_known else "other", DATES[0], uids[0], *at_t0.round(2), "LPS", ""],
        [patient, "n1", DATES[1], uids[1], *point.round(2), "LPS", ""],
    ]
    table, out = write_csv(folder / "own.csv", HEADER, rows), folder / "out"
    words = ["cohort", "csv", "--table", str(table), "--index", str(archive.index), "--folds", "0"]
    words += ["--out", str(out), "--rois_only", "--download", "--endpoint", server.endpoint]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        failed = main(words if is_known else [*words, "--carry_nodules_back"])
    if failed:
        raise SystemExit(f"{patient}, {way}: {told.getvalue()[-800:]}")
    (pair,) = load_datalist(out).sections["inference"]
    place0 = np.array(pair.t0.known_point.coordinates)
    if way == MATCHED:
        scans = [open_scan(images / patient / uid) for uid in uids]
        whole = match_point(*scans, pair.t1.known_point)
        if whole.point0 != pair.t0.point:
            raise SystemExit(f"{patient}, {way}: {pair.t0.point} instead of {whole.point0}")
    kept = RoiCache(out / "rois", RoiSettings()).read(pair, out)
    if not np.array_equal(kept.array, RoiCache(None, RoiSettings()).read(pair, folder.parent).array):
        raise SystemExit(f"{patient}, {way}: the ROIs differ from those of the whole series")
    read, size = bytes_of(out)
    return {"read": read, "whole": size, "off_mm": round(float(np.linalg.norm(place0 - at_t0)), 2)}


def measured(folder: Path, series: list[Path], outlines: Path, server: Server) -> Iterator[tuple[float, str, Any]]:
    """Yield spacing in mm, way and figures of every series as it is and with halved spacing."""
    for number, source in enumerate(series):
        for halved in (False, True):
            slices = slices_of(source, halved=halved)
            patient = f"30000{number}{int(halved)}"
            place = folder / patient
            uids = [write_screen(slices, screen, patient, place / IMAGES) for screen in (0, 1)]
            for screen, uid in enumerate(uids):
                server.upload(place / IMAGES / patient / uid, f"{patient}-{screen}")
            slice_mm = abs(float(np.subtract(*(float(item.ImagePositionPatient[2]) for item in slices[:2]))))
            for way in WAYS:
                (place / way).mkdir()
                result = measure(place / way, server, uids, first_nodule(source, outlines), len(slices), way)
                print(f"{slice_mm:g} mm, {source.name}, {way}: {result}", flush=True)
                yield round(slice_mm, 3), way, {**result, "series": source.name}
            shutil.rmtree(place)


def row(slice_mm: float, way: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the table says of one spacing and way."""
    shares = [100 * item["read"] / item["whole"] for item in results]
    return {
        "slice_mm": slice_mm,
        "way": way,
        "pairs": len(results),
        "share_percent": round(float(np.mean(shares)), 1),
        "largest_percent": round(max(shares), 1),
        "megabytes": round(float(np.mean([item["read"] for item in results])) / 1e6, 1),
        "whole_megabytes": round(float(np.mean([item["whole"] for item in results])) / 1e6, 1),
        "farthest_off_mm": max(item["off_mm"] for item in results),
    }


def run() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, nargs="+", required=True)
    parser.add_argument("--outlines", type=Path, required=True, help="JSON of the readers' outlines of these series")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    serving = serve()
    server = next(serving)
    found: dict[tuple[float, str], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for slice_mm, way, result in measured(Path(folder), options.series, options.outlines, server):
            found.setdefault((slice_mm, way), []).append(result)
            rows = [row(*key, results) for key, results in sorted(found.items(), key=lambda item: -item[0][0])]
            names = sorted({item["series"] for results in found.values() for item in results})
            document = {"series": names, "head_bytes": HEAD_BYTES, "rows": rows}
            write_atomically(options.json, json.dumps(document, indent=1) + "\n")
    serving.close()


if __name__ == "__main__":
    run()
