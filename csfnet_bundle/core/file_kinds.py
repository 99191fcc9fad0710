"""What a file is by its first bytes, for messages about files of the wrong kind."""

from __future__ import annotations

from types import MappingProxyType

HEAD_BYTES = 352
"""Bytes that tell every kind below: those of a NIfTI header."""

GIT_LFS_POINTER, GIT_ANNEX_POINTER = "git-lfs pointer", "git-annex pointer"
POINTERS = MappingProxyType({GIT_LFS_POINTER: "git lfs pull", GIT_ANNEX_POINTER: "git annex get"})
"""Small texts that stand for a file whose content was not fetched, and what fetches it."""

ZIP, GZIP, NRRD, NIFTI, METAIMAGE, HTML = "zip archive", "gzip file", "NRRD file", "NIfTI file", "MetaImage", "web page"

_BEGINNINGS = (
    (b"version https://git-lfs", GIT_LFS_POINTER),
    (b"/annex/objects/", GIT_ANNEX_POINTER),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", GZIP),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "rar archive"),
    (b"BZh", "bzip2 file"),
    (b"\xfd7zXZ\x00", "xz file"),
    (b"NRRD000", NRRD),
    (b"ObjectType", METAIMAGE),
    (b"NDims", METAIMAGE),
    (b"%PDF-", "PDF document"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"GIF8", "GIF picture"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 file"),
)
_WEB_PAGES = (b"<!doctype html", b"<html")
_NIFTI_MAGIC_AT, _NIFTI_MAGICS = 344, (b"n+1\0", b"ni1\0")
_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"

ARCHIVES = frozenset((ZIP, "7z archive", "rar archive", "tar archive"))


def file_kind(head: bytes) -> str | None:
    """Return what a file is called whose first bytes are these; None for what is not known here."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head.lstrip()[:15].lower().startswith(_WEB_PAGES):
        return HTML
    if head[_NIFTI_MAGIC_AT : _NIFTI_MAGIC_AT + 4] in _NIFTI_MAGICS:
        return NIFTI
    if head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return "tar archive"
    return None
