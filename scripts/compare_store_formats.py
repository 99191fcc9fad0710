"""Time formats for a store of ROIs: opening, random reads, writing, size.

    pip install zarr h5py lmdb
    python scripts/compare_store_formats.py --folder /tmp/formats

Every format holds the same seeded values, noise of a CT on a smooth chest, float32 (2, D, H, W) of HU, and is read in
the same random order, each read with its checksum where the format has one. The system has the files in memory,
so that the format is timed and not the disk. One process, one thread.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHAPE = (2, 20, 72, 72)
"""A ROI of 16x64x64 with the store's margin."""
Values = NDArray[np.float32]
Reader = Callable[[int], Values]


def sample(seed: int) -> Values:
    """Return one pair of ROIs: steps of lung and soft tissue, and the noise of a low dose."""
    random = np.random.default_rng(seed)
    depth, height, width = np.indices(SHAPE[1:], dtype=np.float32)
    center = random.uniform(20, 50, 2)
    nodule = (height - center[0]) ** 2 + (width - center[1]) ** 2 + (depth - 10) ** 2 < 64
    tissue = np.where(nodule, np.float32(30), np.float32(-850)) + height * np.float32(0.5)
    return (tissue + random.normal(0, 40, SHAPE)).astype(np.float32)


def write_npz(folder: Path, samples: list[Values]) -> None:
    """One zip archive a pair, as version 0.1 had them."""
    for number, values in enumerate(samples):
        np.savez(folder / f"{number}.npz", array=values)


def open_npz(folder: Path, count: int) -> Reader:
    """Read through numpy, which compares the CRC-32 of the archive."""
    return lambda number: np.asarray(np.load(folder / f"{number}.npz")["array"])


def write_shards(folder: Path, samples: list[Values]) -> None:
    """Raw values one after the other, and a line of JSON for each: what the store has."""
    with (folder / "values").open("wb") as values, (folder / "index").open("w") as index:
        for sample_values in samples:
            block = sample_values.tobytes()
            line = {"offset": values.tell(), "crc": zlib.crc32(block), "shape": SHAPE, "pair": "x" * 600}
            values.write(block)
            index.write(json.dumps(line) + "\n")


def open_shards(folder: Path, count: int) -> Reader:
    """Map the values, read the lines, compare checksums."""
    lines = [json.loads(line) for line in (folder / "index").read_text().splitlines()]
    mapped = np.memmap(folder / "values", np.uint8, "r")

    def read(number: int) -> Values:
        line = lines[number]
        block = mapped[line["offset"] : line["offset"] + 4 * int(np.prod(SHAPE))]
        if zlib.crc32(block) != line["crc"]:
            raise ValueError("damaged")
        return np.asarray(block.view(np.float32).reshape(SHAPE).copy())

    return read


def write_zarr(folder: Path, samples: list[Values], **options: object) -> None:
    """One array, one chunk a pair."""
    import zarr

    array = zarr.create_array(
        str(folder / "rois.zarr"), shape=(len(samples), *SHAPE), chunks=(1, *SHAPE), dtype="f4", **options
    )
    for number, values in enumerate(samples):
        array[number] = values


def open_zarr(folder: Path, count: int) -> Reader:
    """Read one chunk a pair."""
    import zarr

    array = zarr.open_array(str(folder / "rois.zarr"), mode="r")
    return lambda number: np.asarray(array[number])


def write_hdf5(folder: Path, samples: list[Values], **options: object) -> None:
    """One data set, one chunk a pair, Fletcher's checksum."""
    import h5py

    with h5py.File(folder / "rois.h5", "w") as file:
        shape = (len(samples), *SHAPE)
        data = file.create_dataset("rois", shape, "f4", chunks=(1, *SHAPE), fletcher32=True, **options)
        for number, values in enumerate(samples):
            data[number] = values


def open_hdf5(folder: Path, count: int) -> Reader:
    """Read one chunk a pair."""
    import h5py

    data = h5py.File(folder / "rois.h5", "r")["rois"]
    return lambda number: np.asarray(data[number])


def write_lmdb(folder: Path, samples: list[Values]) -> None:
    """One value a pair."""
    import lmdb

    with lmdb.open(str(folder / "rois"), map_size=1 << 36) as store, store.begin(write=True) as transaction:
        for number, values in enumerate(samples):
            block = values.tobytes()
            transaction.put(b"%08d" % number, zlib.crc32(block).to_bytes(4, "little") + block)


def open_lmdb(folder: Path, count: int) -> Reader:
    """Read one value a pair, which begins with a checksum, as LMDB has none of its own."""
    import lmdb

    store = lmdb.open(str(folder / "rois"), readonly=True, lock=False)
    transaction = store.begin(buffers=True)

    def read(number: int) -> Values:
        block = transaction.get(b"%08d" % number)
        if zlib.crc32(block[4:]) != int.from_bytes(block[:4], "little"):
            raise ValueError("damaged")
        return np.frombuffer(block, np.float32, offset=4).reshape(SHAPE).copy()

    return read


FORMATS: dict[str, tuple[Callable[[Path, list[Values]], None], Callable[[Path, int], Reader]]] = {
    "npz, one file a pair (0.1.0)": (write_npz, open_npz),
    "raw values with an index": (write_shards, open_shards),
    "zarr 3, raw": (lambda folder, samples: write_zarr(folder, samples, compressors=None), open_zarr),
    "zarr 3, zstd": (write_zarr, open_zarr),
    "HDF5, raw": (write_hdf5, open_hdf5),
    "HDF5, lzf": (lambda folder, samples: write_hdf5(folder, samples, compression="lzf", shuffle=True), open_hdf5),
    "LMDB": (write_lmdb, open_lmdb),
}


def main() -> None:
    """Print the table, and write it beside the docs' other results where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="made, and emptied again")
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--reads", type=int, default=1024)
    parser.add_argument("--json", type=Path, help="write the figures here")
    words = parser.parse_args()
    samples = [sample(number) for number in range(words.pairs)]
    order = np.random.default_rng(0).integers(0, words.pairs, words.reads).tolist()
    rows = []
    for name, (write, open_store) in FORMATS.items():
        folder = words.folder / "one"
        folder.mkdir(parents=True)
        started = time.process_time()
        write(folder, samples)
        written = time.process_time()
        read = open_store(folder, words.pairs)
        opened = time.process_time()
        for number in order:
            np.testing.assert_array_equal(read(number)[0, 0], samples[number][0, 0])
        done = time.process_time()
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(512 * path.stat().st_blocks for path in files)
        rows.append(
            {
                "format": name,
                "open_ms": round(1e3 * (opened - written), 1),
                "reads_per_s": round(words.reads / (done - opened)),
                "writes_per_s": round(words.pairs / (written - started)),
                "kB_a_pair": round(size / words.pairs / 1e3),
                "files": len(files),
            }
        )
        print(rows[-1], flush=True)
        shutil.rmtree(folder)
    if words.json is not None:
        words.json.write_text(json.dumps({"pairs": words.pairs, "reads": words.reads, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
