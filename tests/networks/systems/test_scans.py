from collections.abc import Callable

import pytest
import torch
from torch import nn

from csfnet_bundle.networks import count_parameters
from csfnet_bundle.networks.systems.scans import SCANs, vgg16_layers


def test_convolutions_are_those_of_vgg16() -> None:
    """Their total is published; torchvision numbers them so, which makes its ImageNet weights load as they are."""
    layers = vgg16_layers(1.0)
    assert count_parameters(layers) == 14_714_688
    numbers = [number for number, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    assert numbers == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


def test_attention_is_over_the_slices(batch: Callable) -> None:
    """The order of a scan's slices does not matter, a slice shown more often does."""
    network = SCANs(0.125, (16, 32, 32)).eval()
    image, _, _ = batch(1)
    repeated = image.clone()
    repeated[:, 1, 1:4] = image[:, 1, :1]
    with torch.no_grad():
        torch.testing.assert_close(network(image.flip(2)), network(image), rtol=0, atol=1e-5)
        assert (network(repeated) - network(image)).abs().max() > 1e-5


def test_small_roi_is_refused() -> None:
    with pytest.raises(ValueError, match=r"roi_size is \(16, 24, 24\), SCANs needs a height and width of at least 32"):
        SCANs(roi_size=(16, 24, 24))
