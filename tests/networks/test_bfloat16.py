"""bfloat16 on a CPU gives right gradients, also where the library's own are garbage."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from csfnet_bundle.networks import CSFNet, channels_last
from csfnet_bundle.networks.bfloat16 import bfloat16_where

GARBAGE = 3e4
"""What freed memory holds here; gradients made of it are far off."""


def kernel_gradient(convolution: nn.Conv3d, image: Tensor, *, bfloat16: bool) -> Tensor:
    freed = [torch.full((997 * size + 17,), GARBAGE) for size in range(1, 60)]
    del freed
    convolution.zero_grad()
    with bfloat16_where(bfloat16, "cpu"):
        answer = convolution(image)
    answer.float().square().sum().backward()
    assert convolution.weight.grad is not None
    return convolution.weight.grad.clone()


@pytest.mark.parametrize("shape", [(1, 4, 4), (2, 3, 3), (2, 8, 8), (4, 6, 6)])
@pytest.mark.parametrize(("channels", "kernel"), [(16, 3), (8, 3), (16, 5)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_gradients_are_those_of_float32_but_for_rounding(
    shape: tuple[int, int, int], channels: int, kernel: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv3d(channels, channels, kernel, padding=kernel // 2, bias=False)
    image = torch.randn(2, channels, *shape).contiguous(memory_format=layout)
    exact = kernel_gradient(convolution, image, bfloat16=False)
    for _ in range(4):
        found = kernel_gradient(convolution, image, bfloat16=True)
        assert float((found - exact).abs().max() / exact.abs().max()) < 0.02


def test_only_maps_shallower_than_the_kernel_stay_in_float32() -> None:
    convolution = nn.Conv3d(2, 2, 3, padding=1)
    with bfloat16_where(True, "cpu"):
        types = [convolution(torch.zeros(1, 2, depth, 8, 8)).dtype for depth in (1, 2, 3, 8)]
        assert nn.Linear(2, 2)(torch.zeros(1, 2)).dtype is torch.bfloat16
    assert types == [torch.bfloat16, torch.float32, torch.bfloat16, torch.bfloat16]


def test_nothing_changes_where_it_is_not_enabled() -> None:
    with bfloat16_where(False, "cpu"):
        assert nn.Conv3d(1, 1, 3, padding=1)(torch.zeros(1, 1, 4, 4, 4)).dtype is torch.float32


def test_csfnets_gradients_are_the_same_whenever_they_are_taken() -> None:
    torch.manual_seed(0)
    network = channels_last(CSFNet([[4], [4], [8]]))
    image = torch.rand(4, 2, 8, 16, 16)

    def gradients() -> list[Tensor]:
        freed = [torch.full((997 * size + 17,), GARBAGE) for size in range(1, 80)]
        del freed
        network.zero_grad()
        torch.manual_seed(1)
        with bfloat16_where(True, "cpu"):
            logits = network(image)
        logits.float().square().sum().backward()
        return [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]

    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.momentum = 0.0
    first = gradients()
    for _ in range(5):
        assert all(torch.equal(one, other) for one, other in zip(first, gradients(), strict=True))
