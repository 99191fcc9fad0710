import gzip
import io
import tarfile
import zipfile

import nibabel
import numpy as np
import pytest

from csfnet_bundle.core.file_kinds import HEAD_BYTES, POINTERS, file_kind


def archive(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as packed:
            packed.writestr("slice.dcm", b"x")
    else:
        with tarfile.open(fileobj=stream, mode="w") as packed_tar:
            packed_tar.addfile(tarfile.TarInfo("slice.dcm"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (archive("zip"), "zip archive"),
        (archive("tar"), "tar archive"),
        (gzip.compress(b"x" * 400, mtime=0), "gzip file"),
        (nibabel.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)).to_bytes(), "NIfTI file"),
        (b"NRRD0004\ntype: short\n", "NRRD file"),
        (b"ObjectType = Image\nNDims = 3\n", "MetaImage"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs pointer"),
        (b"/annex/objects/SHA256E-s5--0.dcm\n", "git-annex pointer"),
        (b"\n <!DOCTYPE html><html>", "web page"),
        (b"one mm, soft kernel", None),
        (b"", None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_kinds(content: bytes, kind: str | None) -> None:
    assert file_kind(content[:HEAD_BYTES]) == kind


def test_every_pointer_says_how_to_fetch_its_content() -> None:
    assert all(command.startswith("git ") for command in POINTERS.values())
