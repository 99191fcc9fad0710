"""Damaged voxels are never read: lengths, CRC-32 and Adler-32 are compared whatever the block."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.volume_files import read_roi, read_volume

POINT = Point((35.0, 30.0, 4.0), Space.VOXEL)
"""Near the first slices: most of the file lies behind the ROI."""


def refused(path: Path) -> list[str]:
    found = []
    for read in (read_volume, lambda file: read_roi(file, POINT, (4, 8, 8))):
        with pytest.raises(Refusal) as caught:
            read(path)
        assert caught.value.code is RefusalCode.UNREADABLE_SLICE
        found.append(str(caught.value))
    return found


@pytest.fixture
def packed(image: Callable[..., sitk.Image], write: Callable[[sitk.Image, str], Path], tmp_path: Path) -> list[Path]:
    nib.Nifti1Image(sitk.GetArrayFromImage(image()).transpose(), np.diag([0.7, 0.8, 1.25, 1])).to_filename(
        tmp_path / "v.nii.gz"
    )
    return [write(image(), "compressed.mha"), tmp_path / "v.nii.gz"]


def test_a_flipped_bit_anywhere_is_noticed(packed: list[Path]) -> None:
    random = np.random.default_rng(0)
    for path in packed:
        sound = path.read_bytes()
        for place in random.integers(len(sound) // 2, len(sound) - 9, 20):
            damaged = bytearray(sound)
            damaged[place] ^= 1 << int(random.integers(8))
            path.write_bytes(damaged)
            assert all("while decompressing data" in told for told in refused(path))


@pytest.mark.parametrize("share", [0.3, 0.97])
def test_a_stream_that_breaks_off_or_ends_in_zeros_is_noticed(share: float, packed: list[Path]) -> None:
    for path in packed:
        sound = path.read_bytes()
        place = int(len(sound) * share)
        for damaged in (sound[:place], sound[:place] + bytes(len(sound) - place)):
            path.write_bytes(damaged)
            assert all("break off" in told or "are there" in told for told in refused(path))


def test_a_stream_of_fewer_voxels_than_the_header_claims_is_noticed(packed: list[Path]) -> None:
    path = packed[1]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1000]))
    assert "bytes, " in refused(path)[0]


def test_several_streams_and_padding_behind_them_are_one_volume(packed: list[Path]) -> None:
    path = packed[1]
    expected = read_volume(path).array
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data[:5000]) + gzip.compress(data[5000:]) + bytes(512))
    np.testing.assert_array_equal(read_volume(path).array, expected)


def test_a_claim_that_no_stream_of_this_length_can_hold_is_refused_at_once(packed: list[Path]) -> None:
    path = packed[0]
    path.write_bytes(path.read_bytes().replace(b"DimSize = 70 60 40", b"DimSize = 900 900 300"))
    assert "can hold" in refused(path)[0]


def test_plain_files_that_are_cut_off_are_refused_before_a_block_is_read(
    image: Callable[..., sitk.Image], write: Callable[[sitk.Image, str], Path]
) -> None:
    for name in ("v.mha", "v.nii"):
        path = write(image(), name)
        path.write_bytes(path.read_bytes()[:-100])
        assert "are there" in refused(path)[0]
