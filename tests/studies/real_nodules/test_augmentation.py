"""Random views of filled volumes."""

import math

import pytest
import torch

from csfnet_bundle.studies.real_nodules.augmentation import Augmentation, middle, sample
from csfnet_bundle.studies.real_nodules.targets import DESCRIPTIONS, SCALES

ROI = (8, 12, 12)
VOLUMES = (3, 16, 24, 24)


@pytest.fixture
def volumes():
    return torch.randn(VOLUMES, generator=torch.Generator().manual_seed(0))


def identity(batch=3):
    return torch.eye(3).expand(batch, 3, 3)


def test_not_moved_it_is_the_middle(volumes):
    torch.testing.assert_close(
        sample(volumes, identity(), torch.zeros(3, 3), ROI), middle(volumes, ROI), atol=1e-4, rtol=0
    )


def test_a_shift_of_whole_mm_is_another_part(volumes):
    shifted = sample(volumes, identity(), torch.tensor([[3.0, -2.0, 1.0]]).expand(3, 3), ROI)
    torch.testing.assert_close(shifted, volumes[:, 5:13, 4:16, 9:21], atol=1e-4, rtol=0)


def test_a_quarter_turn_in_plane(volumes):
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).expand(3, 3, 3)
    turned = sample(volumes, turn, torch.zeros(3, 3), ROI)
    torch.testing.assert_close(turned, middle(volumes, ROI).transpose(2, 3).flip(3).flip(2).flip(3), atol=1e-4, rtol=0)


def test_a_zoomed_ball_is_as_large_as_its_targets_say():
    z, y, x = (torch.arange(n) - (n - 1) / 2 for n in (40, 64, 64))
    ball = (torch.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2) < 8).float().expand(16, -1, -1, -1)
    augmentation = Augmentation(zoom=0.2, noise_hu=0, offset_hu=0)
    rois, targets = augmentation(ball, torch.zeros(16, 9), (24, 48, 48), torch.Generator().manual_seed(0))
    log_volume = torch.log(rois.sum(dim=(1, 2, 3)) / ball[0].sum())
    told = targets[:, DESCRIPTIONS.index("log_volume")] * SCALES["log_volume"]
    torch.testing.assert_close(log_volume, told, atol=0.02, rtol=0)
    length = targets[:, DESCRIPTIONS.index("log_diameter")] * SCALES["log_diameter"]
    torch.testing.assert_close(3 * length, told)
    assert told.std() > 0.2
    assert not targets[:, 2:].any(), "ratings do not change with the zoom"


def test_the_point_stays_within_the_shift():
    spike = torch.zeros(8, 40, 64, 64)
    spike[:, 19:21, 31:33, 31:33] = 1000
    augmentation = Augmentation(shift_mm=1.5, noise_hu=0, offset_hu=0)
    rois, _ = augmentation(spike, torch.zeros(8, 9), (24, 48, 48), torch.Generator().manual_seed(0))
    z, y, x = (torch.arange(n) - (n - 1) / 2 for n in (24, 48, 48))
    for roi in rois:
        center = torch.stack(
            [(roi.sum(dim=others) * axis).sum() for others, axis in (((1, 2), z), ((0, 2), y), ((0, 1), x))]
        )
        assert (center / roi.sum()).norm() < 1.5 * math.sqrt(3) + 0.3
