"""Averaged volumes that training cuts its views from."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from csfnet_bundle.networks.scale_views import ScaleViews
from csfnet_bundle.studies.real_nodules.augmentation import Augmentation, Moves, middle, windowed
from csfnet_bundle.studies.real_nodules.levels import make_levels
from csfnet_bundle.studies.real_nodules.volumes import SIZE, VARIANTS, FilledVolumes

STILL = Moves(torch.eye(3)[None], torch.zeros(1, 3), torch.zeros(1), torch.zeros(1), torch.zeros(1))


@pytest.fixture
def volumes(tmp_path):
    texture = np.random.default_rng(0).normal(0, 1, (2, VARIANTS, *SIZE))
    smooth = ndimage.gaussian_filter(texture, (0, 0, 2, 2, 2))
    hu = (smooth / smooth.std() * 250 - 500).astype(np.int16)
    return FilledVolumes(hu, {"a": 0, "b": 1}, tmp_path / "filled.npy")


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.25, 3.0])
def test_views_of_nodules_that_are_not_moved_are_those_of_the_network(volumes, spacing):
    size = (8, 16, 16)
    (level,) = make_levels(volumes, size, [spacing], Augmentation())
    views = ScaleViews((24, 48, 48), size, [spacing])
    for row, variant in ((0, 0), (1, 3)):
        seen = level.view(np.array([row]), np.array([variant]), STILL, torch.Generator())
        roi = windowed(middle(torch.from_numpy(volumes.array[row, variant].astype(np.float32)), (24, 48, 48)))
        own = views(roi[None])[:, :1]
        assert torch.corrcoef(torch.stack([seen.flatten(), own.flatten()]))[0, 1] > 0.99
        # Interpolation between averages is a little smoother, as it is between the voxels of a moved ROI.
        assert (seen - own[:, 0]).abs().mean() < 0.16 * own.std()


def test_levels_are_made_once(volumes):
    sizes = (8, 16, 16), [1.5, 3.0]
    first = make_levels(volumes, *sizes, Augmentation())
    files = {path: path.stat().st_mtime_ns for path in volumes.path.parent.iterdir()}
    again = make_levels(volumes, *sizes, Augmentation())
    assert files == {path: path.stat().st_mtime_ns for path in volumes.path.parent.iterdir()}
    assert [level.step for level in again] == [1, 2]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.array, other.array)
