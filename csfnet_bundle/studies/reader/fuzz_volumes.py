"""The process in which ``fuzz-reader --kind volumes`` reads damaged NIfTI and MetaImage files."""

from __future__ import annotations

import gc
import gzip
import json
import sys
import warnings
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel
import numpy as np
from numpy.random import Generator

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.volume_files import read_volume
from csfnet_bundle.studies.reader.fuzz_measuring import Trial, peak_megabytes, processor_time, say, start_measuring

SHAPE = (12, 10, 8)
LONGEST_RUN = 64
"""Bytes that one kind of damage changes at most."""

HEADER_BYTES = 400
"""Where the headers of these files lie: half of the damage goes there."""

NUMBERS = (b"0", b"-1", b"100", b"nan", b"1e400", b"99999999999999999999", b"", b"1 2", b"True", b"../x", b"A" * 300)


@dataclass(frozen=True)
class VolumeSample:
    """A sound file.

    Attributes:
        name: what is shown.
        file: where it lies; the header of a .mhd lies beside its voxels.
        data: its bytes.
        compressed: whether a checksum covers the voxels, so that no other values may be read.
    """

    name: str
    file: Path
    data: bytes
    compressed: bool


def make_samples(folder: Path) -> list[VolumeSample]:
    """Write one small sound volume in each of the five kinds of files."""
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).normal(-860, 60, SHAPE).astype("<i2")
    image = nibabel.Nifti1Image(values, np.diag([-0.8, -0.8, 1.25, 1.0]))
    for name in ("plain.nii", "packed.nii.gz"):
        image.to_filename(folder / name)
    raw = values.tobytes(order="F")
    packed = zlib.compress(raw)
    for name, local, data in (
        ("plain.mha", "LOCAL", raw),
        ("packed.mha", "LOCAL", packed),
        ("parts.mhd", "parts.raw", b""),
    ):
        (folder / name).write_bytes(metaimage_header(SHAPE, local, len(packed) if data is packed else None) + data)
    (folder / "parts.raw").write_bytes(raw)
    return [
        VolumeSample(file.name, file, file.read_bytes(), "packed" in file.name)
        for file in sorted(folder.iterdir())
        if file.suffix != ".raw"
    ]


def metaimage_header(shape: tuple[int, int, int], data_file: str, compressed_bytes: int | None = None) -> bytes:
    """Return the header of a MetaImage of int16 voxels of 0.8 x 0.8 x 1.25 mm."""
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        f"CompressedData = {compressed_bytes is not None}",
        *([] if compressed_bytes is None else [f"CompressedDataSize = {compressed_bytes}"]),
        "TransformMatrix = 1 0 0 0 1 0 0 0 1",
        "Offset = -5 -4 -100",
        "ElementSpacing = 0.8 0.8 1.25",
        f"DimSize = {shape[0]} {shape[1]} {shape[2]}",
        "ElementType = MET_SHORT",
        f"ElementDataFile = {data_file}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _flip(data: bytearray, random: Generator) -> None:
    data[_place(data, random)] ^= 1 << int(random.integers(8))


def _overwrite(data: bytearray, random: Generator) -> None:
    place, length = _place(data, random), int(random.integers(1, LONGEST_RUN))
    data[place : place + length] = random.bytes(len(data[place : place + length]))


def _zero(data: bytearray, random: Generator) -> None:
    place = _place(data, random)
    data[place:] = bytes(len(data) - place)


def _cut(data: bytearray, random: Generator) -> None:
    del data[_place(data, random) :]


def _insert(data: bytearray, random: Generator) -> None:
    place = _place(data, random)
    data[place:place] = random.bytes(int(random.integers(1, LONGEST_RUN)))


def _remove(data: bytearray, random: Generator) -> None:
    place = _place(data, random)
    del data[place : place + int(random.integers(1, LONGEST_RUN))]


def _lie(data: bytearray, random: Generator) -> None:
    """Give a key of a text header another value; elsewhere, put an extreme number at an even place."""
    lines = bytes(data[:HEADER_BYTES]).split(b"\n")
    keys = [number for number, line in enumerate(lines) if b" = " in line]
    if not keys:
        place = _place(data, random) & ~1
        data[place : place + 2] = [b"\xff\x7f", b"\x00\x80", b"\xff\xff", b"\x00\x00"][int(random.integers(4))]
        return
    chosen = keys[int(random.integers(len(keys)))]
    key = lines[chosen].partition(b" = ")[0]
    lines[chosen] = key + b" = " + NUMBERS[int(random.integers(len(NUMBERS)))]
    data[:HEADER_BYTES] = b"\n".join(lines)


DAMAGE: dict[str, Callable[[bytearray, Generator], None]] = {
    "flip": _flip,
    "overwrite": _overwrite,
    "zero": _zero,
    "cut": _cut,
    "insert": _insert,
    "remove": _remove,
    "lie": _lie,
}


def _place(data: bytearray, random: Generator) -> int:
    end = min(len(data), HEADER_BYTES) if random.random() < 0.5 else len(data)
    return int(random.integers(max(end, 1)))


def damage(sample: VolumeSample, random: Generator) -> tuple[str, bytes]:
    """Return a damaged copy of a sound file, with the kinds of damage.

    Half of the gzip files are damaged inside of the stream and packed again, so that their headers are reached.
    """
    inner = sample.name.endswith(".gz") and random.random() < 0.5
    data = bytearray(gzip.decompress(sample.data) if inner else sample.data)
    kinds = [str(kind) for kind in random.choice(list(DAMAGE), size=int(random.integers(1, 4)))]
    for kind in kinds:
        if data:
            DAMAGE[kind](data, random)
    told = "+".join(kinds) + (", inside" if inner else "")
    return told, gzip.compress(bytes(data), mtime=0) if inner else bytes(data)


def judge(sample: VolumeSample, reference: Volume, told: str) -> tuple[str, str]:
    """Read the file; return outcome and detail."""
    try:
        volume = read_volume(sample.file)
    except Refusal as refusal:
        return str(refusal.code), str(refusal)
    except BundleError as error:
        return "skip", str(error)
    except BaseException as error:  # anything else must not be, whatever it derives from
        return "exception", f"{type(error).__name__}: {error}"
    same = volume.array.shape == reference.array.shape and np.array_equal(volume.array, reference.array)
    if not same and sample.compressed and sample.name.endswith(".gz") and "inside" not in told:
        return "wrong voxels", "the checksum was not compared"
    return ("volume" if same else "volume, other values"), ""


def run(seed: int, indices: list[int], folder: Path) -> None:
    """Read damaged files one after the other; print a line before and after each."""
    warnings.simplefilter("ignore")
    samples = make_samples(folder / "volumes")
    references = [read_volume(sample.file) for sample in samples]
    gc.freeze()
    for index in indices:
        sample = samples[index % len(samples)]
        told, data = damage(sample, np.random.default_rng([seed, index]))
        say({"start": index, "sample": sample.name, "damage": told})
        sample.file.write_bytes(data)
        before, cpu = start_measuring(), processor_time()
        outcome, detail = judge(sample, references[index % len(samples)], told)
        seconds, megabytes = round(processor_time() - cpu, 3), round(peak_megabytes(before), 1)
        sample.file.write_bytes(sample.data)
        say(asdict(Trial(index, sample.name, told.removesuffix(", inside"), outcome, detail[:300], seconds, megabytes)))


def main() -> None:
    """Run what the JSON in the first argument asks for."""
    request = json.loads(sys.argv[1])
    run(request["seed"], request["indices"], Path(request["folder"]))


if __name__ == "__main__":
    main()
