from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.volume_files.metaimage import open_metaimage

Make = Callable[..., sitk.Image]
Write = Callable[[sitk.Image, str], Path]


def code_of(path: Path) -> RefusalCode:
    with pytest.raises(Refusal) as caught:
        open_metaimage(path).read_block((0, 0, 0), (2, 2, 2))
    return caught.value.code


def edit(path: Path, old: str, new: str) -> Path:
    text = path.read_bytes()
    assert old.encode() in text
    path.write_bytes(text.replace(old.encode(), new.encode(), 1))
    return path


@pytest.mark.parametrize("key", ["Offset", "ElementSpacing", "TransformMatrix"])
def test_a_header_without_its_place_is_no_geometry(key: str, image: Make, write: Write) -> None:
    assert code_of(edit(write(image(), "v.mha"), f"{key} =", "Comment =")) is RefusalCode.NO_GEOMETRY


def test_four_axes_and_a_number_that_is_none_are_no_geometry(image: Make, write: Write) -> None:
    four = sitk.JoinSeries([image(), image()])
    assert code_of(write(four, "four.mha")) is RefusalCode.NO_GEOMETRY
    assert code_of(edit(write(image(), "v.mha"), "Offset = -31.5", "Offset = nan")) is RefusalCode.NO_GEOMETRY


def test_vectors_are_no_hounsfield_units(image: Make, write: Write) -> None:
    assert code_of(write(sitk.Compose(image(), image()), "v.mha")) is RefusalCode.NOT_HU


def test_a_header_of_gigabytes_is_refused_before_allocating(image: Make, write: Write) -> None:
    path = edit(write(image(), "v.mha"), "DimSize = 70 60 40", "DimSize = 4000 4000 4000")
    assert code_of(path) is RefusalCode.TOO_LARGE


@pytest.mark.parametrize("name", ["../secret.raw", "/etc/hostname", "LIST", "slice%03d.raw 0 9 1", "absent.raw"])
def test_pixels_come_from_one_file_beside_the_header(name: str, image: Make, write: Write, tmp_path: Path) -> None:
    path = edit(write(image(), "v.mhd"), "ElementDataFile = v.raw", f"ElementDataFile = {name}")
    assert code_of(path) is RefusalCode.UNREADABLE_SLICE


def test_a_link_beside_the_header_is_not_followed(image: Make, write: Write, tmp_path: Path) -> None:
    path = write(image(), "v.mhd")
    (tmp_path / "elsewhere").write_bytes((tmp_path / "v.raw").read_bytes())
    (tmp_path / "v.raw").unlink()
    (tmp_path / "v.raw").symlink_to(tmp_path / "elsewhere")
    assert code_of(path) is RefusalCode.UNREADABLE_SLICE


@pytest.mark.parametrize("name", ["v.mha", "compressed.mha"])
def test_blocks_are_what_was_asked_for(name: str, image: Make, write: Write) -> None:
    volume = image()
    file = open_metaimage(write(volume, name))
    whole = sitk.GetArrayFromImage(volume).transpose()
    for start, stop in (((0, 0, 0), (70, 60, 40)), ((3, 5, 7), (20, 33, 9)), ((69, 59, 39), (70, 60, 40))):
        cut = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        np.testing.assert_array_equal(file.read_block(start, stop), whole[cut])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NDims = 3", "NDims = 100"),
        ("NDims = 3", "NDims = -1"),
        ("NDims = 3", "NDims = three"),
        ("BinaryData = True", "BinaryData = False"),
        ("BinaryData = True", "BinaryData = maybe"),
        ("ElementType = MET_SHORT", "ElementType = MET_OTHER"),
        ("ElementDataFile = LOCAL", f"ElementDataFile = {'a' * 300}"),
        ("DimSize = 70 60 40", "DimSize = 700 600 400"),
        ("DimSize = 70 60 40", "DimSize = 70 60.5 40"),
        ("TransformMatrix = 1 0 0", "TransformMatrix = 2 0 0"),
    ],
)
def test_a_header_that_lies_is_rejected_in_this_process(old: str, new: str, image: Make, write: Write) -> None:
    with pytest.raises(Refusal) as caught:
        open_metaimage(edit(write(image(), "v.mha"), old, new)).read_block((0, 0, 0), (2, 2, 2))
    assert caught.value.code in (RefusalCode.UNREADABLE_SLICE, RefusalCode.NO_GEOMETRY)
    assert "\n" not in str(caught.value)


def test_one_volume_of_four_axes_is_read(image: Make, write: Write) -> None:
    one = sitk.JoinSeries([image()])
    file = open_metaimage(write(one, "one.mha"))
    assert file.shape == (70, 60, 40)
    np.testing.assert_allclose(file.affine[:3, 3], image().GetOrigin())


def test_a_data_file_with_a_blank_in_its_name_is_read(image: Make, write: Write, tmp_path: Path) -> None:
    path = edit(write(image(), "v.mhd"), "ElementDataFile = v.raw", "ElementDataFile = my scan.raw")
    (tmp_path / "v.raw").rename(tmp_path / "my scan.raw")
    expected = sitk.GetArrayFromImage(image()).transpose()
    np.testing.assert_array_equal(open_metaimage(path).read_block((0, 0, 0), (70, 60, 40)), expected)


def test_voxels_as_text_and_behind_a_header_are_read(image: Make, write: Write, tmp_path: Path) -> None:
    expected = sitk.GetArrayFromImage(image()).transpose()
    path = edit(write(image(), "v.mhd"), "ElementDataFile = v.raw", "HeaderSize = -1\nElementDataFile = v.raw")
    raw = (tmp_path / "v.raw").read_bytes()
    (tmp_path / "v.raw").write_bytes(b"another header" + raw)
    np.testing.assert_array_equal(open_metaimage(path).read_block((0, 0, 0), (70, 60, 40)), expected)
    (tmp_path / "v.raw").write_text(" ".join(map(str, np.frombuffer(raw, "<i2"))))
    edit(edit(path, "HeaderSize = -1\n", ""), "BinaryData = True", "BinaryData = False")
    np.testing.assert_array_equal(open_metaimage(path).read_block((0, 0, 30), (70, 60, 40)), expected[:, :, 30:])
