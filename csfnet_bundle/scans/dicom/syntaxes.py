"""The transfer syntaxes that are read, and what decodes each; every other one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Codestream(StrEnum):
    """How a compressed frame is laid out."""

    RLE = "RLE"
    JPEG = "JPEG"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


@dataclass(frozen=True)
class TransferSyntax:
    """A transfer syntax of the allow-list.

    Attributes:
        uid: its UID.
        name: its name, for people.
        explicit_vr: whether elements name their value representation.
        little_endian: byte order.
        codestream: layout of a compressed frame; None for native pixels.
        plugin: the one pydicom plugin that decodes it (left alone, pydicom tries all in turn); empty for native pixels,
            and for compressed ones that nothing here decodes.
        module: the module that the plugin needs; empty where pydicom itself decodes.
        lossless: whether the pixels are those that the scanner wrote.
    """

    uid: str
    name: str
    explicit_vr: bool = True
    little_endian: bool = True
    codestream: Codestream | None = None
    plugin: str = ""
    module: str = ""
    lossless: bool = True


DEFLATED_UID = "1.2.840.10008.1.2.1.99"
"""Deflated explicit VR little endian: refused before inflating, as 0.4 MB of it can become 750 MB."""

_LIST = (
    TransferSyntax("1.2.840.10008.1.2", "implicit VR little endian", explicit_vr=False),
    TransferSyntax("1.2.840.10008.1.2.1", "explicit VR little endian"),
    TransferSyntax("1.2.840.10008.1.2.2", "explicit VR big endian", little_endian=False),
    TransferSyntax("1.2.840.10008.1.2.5", "RLE lossless", codestream=Codestream.RLE, plugin="pydicom"),
    *(
        TransferSyntax(f"1.2.840.10008.1.2.4.{number}", name, True, True, codestream, plugin, module, lossless)
        for number, name, codestream, plugin, module, lossless in (
            (50, "JPEG baseline", Codestream.JPEG, "", "", False),
            (51, "JPEG extended", Codestream.JPEG, "", "", False),
            (57, "JPEG lossless", Codestream.JPEG, "gdcm", "gdcm", True),
            (70, "JPEG lossless, first-order prediction", Codestream.JPEG, "gdcm", "gdcm", True),
            (80, "JPEG-LS lossless", Codestream.JPEG_LS, "pyjpegls", "jpeg_ls", True),
            (81, "JPEG-LS near-lossless", Codestream.JPEG_LS, "pyjpegls", "jpeg_ls", False),
            (90, "JPEG 2000 lossless", Codestream.JPEG_2000, "pylibjpeg", "openjpeg", True),
            (91, "JPEG 2000", Codestream.JPEG_2000, "pylibjpeg", "openjpeg", False),
            (201, "HTJ2K lossless", Codestream.JPEG_2000, "pylibjpeg", "openjpeg", True),
            (202, "HTJ2K lossless, progressive", Codestream.JPEG_2000, "pylibjpeg", "openjpeg", True),
            (203, "HTJ2K", Codestream.JPEG_2000, "pylibjpeg", "openjpeg", False),
        )
    ),
)

ALLOWED = MappingProxyType({syntax.uid: syntax for syntax in _LIST})
"""The allow-list by UID. Lossy ones and those without a decoder are in it for their headers: the refusal can then name
the series, and leave the others of the folder alone."""
