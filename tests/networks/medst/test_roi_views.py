import pytest
import torch

from csfnet_bundle.networks.medst import VIEWS, roi_views

DEPTH, HEIGHT, WIDTH = 16, 64, 64


def test_channels_are_maximum_mean_and_minimum_along_the_axis() -> None:
    roi = torch.rand(2, DEPTH, HEIGHT, WIDTH)
    axial, coronal, sagittal = roi_views(roi, ["axial", "coronal", "sagittal"], 64).unbind(dim=1)
    for view, axis in ((axial, 1), (coronal, 2), (sagittal, 3)):
        expected = torch.stack([roi.amax(axis), roi.mean(axis), roi.amin(axis)], dim=1)
        shown = view if axis == 1 else view[:, :, 24:40]
        torch.testing.assert_close(shown, expected)


@pytest.mark.parametrize(("view", "pixel"), [("axial", (40, 9)), ("coronal", (24 + 3, 9)), ("sagittal", (24 + 3, 40))])
def test_a_voxel_is_seen_where_it_lies(view: str, pixel: tuple[int, int]) -> None:
    roi = torch.zeros(1, DEPTH, HEIGHT, WIDTH)
    roi[0, 3, 40, 9] = 1.0
    maximum = roi_views(roi, [view], 64)[0, 0, 0]
    assert [tuple(row) for row in maximum.nonzero().tolist()] == [pixel]


@pytest.mark.parametrize(("size", "first", "last"), [(64, 24, 40), (224, 84, 140)])
@pytest.mark.parametrize("view", ["coronal", "sagittal", "oblique"])
def test_a_low_view_keeps_its_proportion(view: str, size: int, first: int, last: int) -> None:
    picture = roi_views(torch.ones(1, DEPTH, HEIGHT, WIDTH), [view], size)[0, 0]
    assert picture.shape == (3, size, size)
    torch.testing.assert_close(picture[:, first:last], torch.ones(3, last - first, size))
    assert not picture[:, :first].any()
    assert not picture[:, last:].any()


def test_the_oblique_view_looks_along_a_diagonal() -> None:
    """A rod along one diagonal is a point to it, along the other a line."""
    along, across = torch.zeros(2, 1, DEPTH, HEIGHT, WIDTH)
    diagonal = torch.arange(16, 48)
    along[0, 8, diagonal, diagonal] = 1.0
    across[0, 8, diagonal, 63 - diagonal] = 1.0
    lit = sorted(int((roi_views(rod, ["oblique"], 64)[0, 0, 0] > 0.2).any(dim=0).sum()) for rod in (along, across))
    assert lit[0] <= 3
    assert lit[1] >= 40


def test_views_stay_in_range_and_in_order() -> None:
    roi = torch.rand(3, DEPTH, HEIGHT, WIDTH)
    together = roi_views(roi, list(VIEWS), 48)
    assert together.shape == (3, len(VIEWS), 3, 48, 48)
    assert together.min() >= 0
    assert together.max() <= 1
    for number, view in enumerate(VIEWS):
        torch.testing.assert_close(together[:, number], roi_views(roi, [view], 48)[:, 0])


def test_an_unknown_view_is_named() -> None:
    with pytest.raises(ValueError, match="no view called lateral, expected one of axial"):
        roi_views(torch.rand(1, 4, 8, 8), ["lateral"], 8)


def test_a_slab_hides_what_lies_before_and_behind() -> None:
    roi = torch.zeros(1, DEPTH, HEIGHT, WIDTH)
    roi[0, 8, 23, 30] = roi[0, 8, 24, 31] = roi[0, 8, 39, 32] = roi[0, 8, 40, 33] = 1.0
    maximum = roi_views(roi, ["coronal"], 64, slab=16)[0, 0, 0]
    assert maximum.nonzero()[:, 1].tolist() == [31, 32]


def test_a_field_shows_the_middle_larger() -> None:
    roi = torch.rand(1, DEPTH, HEIGHT, WIDTH)
    whole = roi_views(roi[:, :, 16:48, 16:48], list(VIEWS[:3]), 64)
    torch.testing.assert_close(roi_views(roi, list(VIEWS[:3]), 64, slab=32, field=32), whole)
    picture = roi_views(torch.ones_like(roi), ["coronal"], 64, slab=16, field=32)[0, 0]
    assert picture[:, 16:48].min() == 1, "16 of 32 mm fill half of the rows"
    assert not picture[:, :16].any()


@pytest.mark.parametrize("view", VIEWS[:4])
def test_an_off_centre_field_follows_the_nodule(view: str) -> None:
    """With the nodule beside the ROI's middle, a field moved as far has it in its middle."""
    offsets = torch.tensor([[0, 0], [5, -9], [-10, 6]])
    roi = torch.zeros(3, DEPTH, HEIGHT, WIDTH)
    for number, (y, x) in enumerate(offsets.tolist()):
        roi[number, 7:9, 31 + y : 33 + y, 31 + x : 33 + x] = 1.0
    for picture in roi_views(roi, [view], 64, field=32, offset=offsets)[:, 0, 0]:
        for axis in (0, 1):
            middle = (picture.sum(dim=1 - axis) * torch.arange(64)).sum() / picture.sum()
            assert float(middle) == pytest.approx(31.5, abs=1.0)


def test_the_volume_view_has_blocks_of_the_volume_as_patches() -> None:
    """Twelve slices of 32 x 32 voxels: four tiles of three slices each, nothing resized."""
    roi = torch.rand(2, 12, HEIGHT, WIDTH)
    view = roi_views(roi, ["volume"], 64, slab=16, field=32)[:, 0]
    box = roi[:, :, 16:48, 16:48]
    for tile in range(4):
        row, column = divmod(tile, 2)
        shown = view[:, :, 32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        torch.testing.assert_close(shown, box[:, 3 * tile : 3 * tile + 3])
    moved = roi_views(roi, ["volume"], 64, field=32, offset=torch.tensor([[0, 0], [4, -3]]))[1, 0]
    torch.testing.assert_close(moved[:, :32, :32], roi[1, :3, 20:52, 13:45])


def test_beyond_the_roi_its_edge_goes_on() -> None:
    roi = torch.rand(1, DEPTH, HEIGHT, WIDTH)
    picture = roi_views(roi, ["axial"], 32, field=32, offset=torch.tensor([[0, 60]]))[0, 0]
    torch.testing.assert_close(picture[:, :, 0], picture[:, :, 31])
