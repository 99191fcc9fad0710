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
