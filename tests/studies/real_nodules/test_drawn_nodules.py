"""Drawn nodules and what is known of them."""

import numpy as np
import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.real_nodules.drawn_nodules import SMALL_MM, Drawing, draw_nodules
from csfnet_bundle.studies.real_nodules.targets import CENTERS, DESCRIPTIONS, MASK_OVER_DIAMETER, SCALES

SIZE = (28, 54, 54)


def drawn(batch=24, seed=0, **kinds):
    images, targets = draw_nodules(batch, SIZE, torch.Generator().manual_seed(seed), Drawing(**kinds))
    values = {name: targets[:, place] * SCALES[name] + CENTERS[name] for place, name in enumerate(DESCRIPTIONS)}
    return images, {name: value.numpy() for name, value in values.items()}


def test_shapes_hu_and_ranges():
    images, values = drawn()
    assert images.shape == (24, *SIZE)
    assert -1300 < images.min() < -800
    assert images.max() < 1200
    diameter = np.exp(values["log_diameter"])
    assert 3 <= diameter.min() < diameter.max() <= 32.01
    for name in ("texture", "margin", "lobulation", "sphericity", "spiculation", "subtlety"):
        assert values[name].min() > 0.99, name
        assert values[name].max() < 5.01, name
    assert set(np.round(values["calcification"], 3)) <= {3.0, 6.0}


def test_the_same_numbers_draw_the_same_nodules():
    (one, _), (again, _), (other, _) = drawn(4), drawn(4), drawn(4, seed=1)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_told_size_is_the_drawn_one():
    images, values = drawn(96)
    diameter = np.exp(values["log_diameter"])
    # Round, solid, sharp, and within the ROI: what is dense within reach of the centre is the nodule.
    chosen = (values["texture"] > 4.9) & (values["spiculation"] < 1.01) & (values["margin"] > 3) & (diameter > 5)
    chosen &= diameter < 18
    assert chosen.sum() >= 8
    z, y, x = (torch.arange(n) - (n - 1) / 2 for n in SIZE)
    distance = torch.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2).numpy()
    ratios = []
    for image, mm, volume in zip(images[chosen], diameter[chosen], np.exp(values["log_volume"][chosen]), strict=True):
        measured = ((image.numpy() > -400) & (distance < 0.75 * mm)).sum()
        ratios.append(measured / (volume / MASK_OVER_DIAMETER**3))
    assert 0.85 < np.median(ratios) < 1.25  # vessels and wall within reach add to some


def test_ground_glass_is_less_dense():
    images, values = drawn(96)
    center = images[:, 13:15, 26:28, 26:28].mean(dim=(1, 2, 3)).numpy()
    large = np.exp(values["log_diameter"]) > 6
    assert center[large & (values["texture"] < 1.5)].max() < -200
    assert center[large & (values["texture"] > 4.9)].min() > -150


def test_shares_of_small_and_of_subsolid_nodules_are_those_asked_for():
    _, all_of_them = drawn(24, small=1.0, subsolid=1.0)
    assert np.exp(all_of_them["log_diameter"]).max() <= SMALL_MM + 1e-3
    assert all_of_them["texture"].max() < 4.9
    _, plain = drawn(160)
    _, more = drawn(160, small=0.5, subsolid=0.6)
    # Of 160: standard deviations of .04; without the setting 41 % lie below 8 mm.
    for values, small, subsolid in ((plain, 0.41, 0.3), (more, 0.5 + 0.5 * 0.41, 0.6)):
        assert np.mean(np.exp(values["log_diameter"]) < SMALL_MM) == pytest.approx(small, abs=0.12)
        assert np.mean(values["texture"] < 4.9) == pytest.approx(subsolid, abs=0.12)


@pytest.mark.parametrize("kinds", [{"small": 1.2}, {"subsolid": -0.1}])
def test_a_share_is_between_0_and_1(kinds):
    with pytest.raises(BundleError, match="expected a share from 0 to 1"):
        Drawing(**kinds)
