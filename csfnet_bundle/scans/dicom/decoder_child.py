"""The child process that decodes compressed frames, so that a decoder that crashes or hangs ends only itself.

Run by :mod:`csfnet_bundle.scans.dicom.decoding`; the protocol is that of
:mod:`csfnet_bundle.scans.dicom.decoder_protocol`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from typing import Any, BinaryIO

import pydicom
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from csfnet_bundle.scans.dicom.decoder_protocol import DECODED, FAILED, REPLY, REQUEST

try:
    from pydicom.pixels.decoders.base import get_decoder
except ImportError:  # pydicom 2, which MONAI Label pins: this process says so instead of ending without a word
    get_decoder = None  # type: ignore[assignment]


def decode(frame: bytes, options: dict[str, object]) -> bytes:
    """Decode one frame with the plugin named; raises whatever the decoder raises."""
    if get_decoder is None:
        raise RuntimeError(f"compressed images need pydicom 3 or newer, this is {pydicom.__version__}")
    rows, columns = int(str(options["rows"])), int(str(options["columns"]))
    header: dict[str, Any] = {
        "rows": rows,
        "columns": columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 16,
        "bits_stored": options["bits_stored"],
        "pixel_representation": int(bool(options["signed"])),
        "pixel_keyword": "PixelData",
    }
    decoder = get_decoder(UID(str(options["syntax"])))
    pixels, _ = decoder.as_array(
        encapsulate([frame]), index=0, raw=True, decoding_plugin=str(options["plugin"]), **header
    )
    if pixels.shape != (rows, columns):
        raise ValueError(f"decoded to the shape {pixels.shape}, expected {(rows, columns)}")
    return pixels.astype("<i2" if options["signed"] else "<u2").tobytes()


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while True:
        head = requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return
        text_length, frame_length = REQUEST.unpack(head)
        options = json.loads(requests.read(text_length))
        frame = requests.read(frame_length)
        limit_processor_time(float(options["cpu_seconds"]))
        try:
            status, content = DECODED, decode(frame, options)
        except BaseException as error:  # a Rust plugin's panic is no Exception
            status, content = FAILED, f"{type(error).__name__}: {error}".encode("utf-8", "replace")
        limit_processor_time(0)
        replies.write(REPLY.pack(status, len(content)))
        replies.write(content)
        replies.flush()


def limit_processor_time(seconds: float) -> None:
    """End this process after so much processor time from now (0: no limit), where the operating system can."""
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds)  # nobody handles SIGPROF, so it ends the process


def limit_memory(most: int) -> None:
    """Limit the memory of this process, where the operating system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve the parent over standard input and output; what decoders print goes nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    warnings.simplefilter("ignore")
    limit_memory(int(sys.argv[1]))
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
