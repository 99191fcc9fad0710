"""Writing a series in another transfer syntax, so that readers can be measured and tried on all of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from csfnet_bundle.core.extras import require_extra

_ENCODERS: dict[str, str] = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg"}
ENCODING_MODULES = ("gdcm", "jpeg_ls", "openjpeg", "pylibjpeg")
"""What writes them, of the extra ``codecs``."""
COMPRESSED_SYNTAXES = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
"""The lossless compressed syntaxes that can be written here."""


def rewrite_series(source: Path, target: Path, syntax: str) -> Path:
    """Write the slices of an explicit little endian series again in another transfer syntax, native or compressed."""
    if syntax in COMPRESSED_SYNTAXES:
        require_extra("codecs", *ENCODING_MODULES)
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        dataset = dcmread(file)
        frames = int(dataset.get("NumberOfFrames", 1))
        shape = (dataset.Rows, dataset.Columns) if frames == 1 else (frames, dataset.Rows, dataset.Columns)
        words = np.frombuffer(dataset.PixelData, "<i2").reshape(shape)
        if syntax in _ENCODERS:
            dataset.compress(syntax, words, encoding_plugin=_ENCODERS[syntax], generate_instance_uid=False)
        elif syntax == JPEGLosslessSV1:
            dataset.PixelData = encapsulate([_jpeg_lossless(file)])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
        elif syntax == ExplicitVRBigEndian:
            dataset.PixelData = words.byteswap().tobytes()
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        written = FileDataset(
            str(target / file.name),
            dict(dataset.items()),
            preamble=bytes(128),
            file_meta=dataset.file_meta,
            is_implicit_VR=UID(syntax).is_implicit_VR,
            is_little_endian=UID(syntax).is_little_endian,
        )
        written.save_as(target / file.name, enforce_file_format=True)
    return target


def _jpeg_lossless(file: Path) -> bytes:
    """Return a slice's JPEG lossless frame; GDCM is the only one here that writes it, and it wants files."""
    import gdcm  # type: ignore[import-untyped]  # it ships no annotations

    with tempfile.TemporaryDirectory() as folder:
        coded = f"{folder}/coded.dcm"
        reader = gdcm.ImageReader()
        reader.SetFileName(str(file))
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        writer = gdcm.ImageWriter()
        writer.SetFileName(coded)
        if not reader.Read():
            raise OSError(f"GDCM does not read {file}")
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise OSError(f"GDCM does not compress {file}")
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise OSError(f"GDCM does not write {coded}")
        frame: bytes
        (frame,) = generate_frames(dcmread(coded).PixelData, number_of_frames=1)
    return frame
