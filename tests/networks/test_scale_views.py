"""Views of a ROI at several scales."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.networks.scale_views import ScaleViews, averaging_matrix, center_channel


@given(st.integers(4, 40), st.integers(1, 16), st.floats(1.0, 4.0))
def test_a_constant_stays_the_same(inputs, outputs, spacing):
    torch.testing.assert_close(averaging_matrix(inputs, outputs, spacing).sum(dim=1), torch.ones(outputs))


@given(st.integers(2, 8), st.sampled_from([1.0, 1.5, 2.25, 3.0]))
def test_a_ramp_is_read_at_the_view_s_own_coordinates(half, spacing):
    inputs, outputs = 32, 2 * half
    if outputs * spacing > inputs:
        return
    ramp = torch.arange(inputs) - (inputs - 1) / 2  # mm from the centre
    expected = spacing * (torch.arange(outputs) - (outputs - 1) / 2)
    # Voxels are taken as even inside: where a view's voxel ends within one, the ramp is a step of it off.
    torch.testing.assert_close(averaging_matrix(inputs, outputs, spacing) @ ramp, expected, atol=0.13, rtol=0)


def test_a_view_larger_than_the_roi_sees_its_outermost_voxel_go_on():
    matrix = averaging_matrix(4, 4, 3.0)  # 12 mm over 4 mm
    torch.testing.assert_close(matrix @ torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([1.0, 4 / 3, 11 / 3, 4.0]))


def test_views_turn_with_the_roi():
    views = ScaleViews((12, 24, 24), (4, 8, 8), (1.5, 3.0))
    scans = torch.rand(2, 12, 24, 24)
    for axes in ((1,), (2,), (3,)):
        flipped = views(scans).flip([axis + 1 for axis in axes])
        torch.testing.assert_close(views(scans.flip(axes)), flipped)
    torch.testing.assert_close(views(scans.transpose(2, 3)), views(scans).transpose(3, 4))


def test_values_and_channels():
    views = ScaleViews((12, 24, 24), (4, 8, 8), (1.5, 3.0))
    seen = views(torch.ones(1, 12, 24, 24))
    assert seen.shape == (1, 3, 4, 8, 8)
    torch.testing.assert_close(seen[:, :2], torch.ones(1, 2, 4, 8, 8))
    assert not list(views.state_dict()), "what follows from the arguments is no part of the weights"


def test_the_centre_channel_marks_the_centre_in_mm():
    channel = center_channel((8, 16, 16))[0, 0]
    assert channel.argmax() == channel[3, 7, 7:8].new_tensor(3 * 256 + 7 * 16 + 7).long()
    assert channel.min() == pytest.approx(-1, abs=1e-3)
    # One voxel along the slices is as far as one in plane.
    assert channel[5, 7, 7] == pytest.approx(float(channel[3, 9, 7]))
