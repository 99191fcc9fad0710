"""Random views of filled volumes."""

import math

import pytest
import torch

from csfnet_bundle.studies.real_nodules.augmentation import (
    Augmentation,
    Moves,
    middle,
    moved_view,
    sample,
    windowed,
    zoomed_targets,
)
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS, SCALES

ROI = (8, 12, 12)
VOLUMES = (3, 16, 24, 24)


@pytest.fixture
def volumes():
    return torch.randn(VOLUMES, generator=torch.Generator().manual_seed(0))


def identity(batch=3):
    return torch.eye(3).expand(batch, 3, 3)


def sampled(volumes, matrix, shift):
    return sample(volumes, 1, matrix, shift, ROI, 1)


def test_not_moved_it_is_the_middle(volumes):
    torch.testing.assert_close(sampled(volumes, identity(), torch.zeros(3, 3)), middle(volumes, ROI), atol=1e-4, rtol=0)


def test_a_shift_of_whole_mm_is_another_part(volumes):
    shifted = sampled(volumes, identity(), torch.tensor([[3.0, -2.0, 1.0]]).expand(3, 3))
    torch.testing.assert_close(shifted, volumes[:, 5:13, 4:16, 9:21], atol=1e-4, rtol=0)


def test_a_quarter_turn_in_plane(volumes):
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).expand(3, 3, 3)
    turned = sampled(volumes, turn, torch.zeros(3, 3))
    torch.testing.assert_close(turned, middle(volumes, ROI).transpose(2, 3).flip(2), atol=1e-4, rtol=0)


def test_a_coarser_grid_on_a_coarser_volume():
    z, y, x = (torch.arange(n) - (n - 1) / 2 for n in (10, 16, 16))
    ramp = (z[:, None, None] + 10 * y[:, None] + 100 * x)[None] * 2.0  # mm around the centre, in steps of 2
    seen = sample(ramp, 2, torch.eye(3)[None], torch.zeros(1, 3), (4, 6, 6), 3)
    z, y, x = (3.0 * (torch.arange(n) - (n - 1) / 2) for n in (4, 6, 6))
    torch.testing.assert_close(seen[0], z[:, None, None] + 10 * y[:, None] + 100 * x, atol=1e-2, rtol=0)


def ball(radius=8.0):
    z, y, x = (torch.arange(n) - (n - 1) / 2 for n in (40, 64, 64))
    return (torch.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2) < radius).float()


def test_a_zoomed_ball_is_as_large_as_its_targets_say():
    moves = Augmentation(zoom=0.2).draw(16, torch.Generator().manual_seed(0))
    seen = sample(ball().expand(16, -1, -1, -1), 1, moves.matrix, moves.shift, (24, 48, 48), 1)
    log_volume = torch.log(seen.sum(dim=(1, 2, 3)) / ball().sum())
    targets = zoomed_targets(torch.zeros(16, 9), moves.log_zoom)
    told = targets[:, DESCRIPTIONS.index("log_volume")] * SCALES["log_volume"]
    torch.testing.assert_close(log_volume, told, atol=0.02, rtol=0)
    length = targets[:, DESCRIPTIONS.index("log_diameter")] * SCALES["log_diameter"]
    torch.testing.assert_close(3 * length, told)
    assert told.std() > 0.2
    assert not targets[:, 2:].any(), "ratings do not change with the zoom"


def test_the_point_stays_within_the_shift_and_the_reach():
    augmentation = Augmentation()
    moves = augmentation.draw(500, torch.Generator().manual_seed(0))
    assert moves.shift.norm(dim=1).max() <= 1.5 * math.sqrt(3)
    corners = torch.tensor(
        [[a * 12.0, b * 12.0, c * 6.0] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    )  # x, y, z
    moved = torch.einsum("bij,cj->bci", moves.matrix, corners) + moves.shift[:, None]
    reach = torch.tensor(augmentation.reach((8, 16, 16), 1.5)[::-1])  # x, y, z
    assert (moved.abs() <= reach).all()
    assert (moved.abs().amax(dim=(0, 1)) > 0.7 * reach).all(), "no more than is needed"
    determinants = torch.linalg.det(moves.matrix)
    torch.testing.assert_close(determinants.abs().log(), -3 * moves.log_zoom, atol=1e-4, rtol=0)
    assert 0.3 < (determinants > 0).float().mean() < 0.7, "flips"


def test_noise_and_offset_are_those_of_the_view():
    still = Moves(identity(2), torch.zeros(2, 3), torch.zeros(2), torch.tensor([0.0, 90.0]), torch.tensor([18.0, 0.0]))
    level = torch.full((2, 20, 32, 32), 0.5)
    view = moved_view(level, 1, still, (8, 16, 16), 1.5, torch.Generator().manual_seed(0))
    torch.testing.assert_close(view[0], torch.full((8, 16, 16), 2 * 0.51 - 1))
    assert view[1].std() == pytest.approx(2 * 90 / 1.5**1.5 / 1800, rel=0.05)


def test_the_window():
    torch.testing.assert_close(windowed(torch.tensor([-2000.0, -300.0, 600.0, 900.0])), torch.tensor([0, 0.5, 1, 1]))
