"""Small inputs and checks that the tests of all networks share."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

NARROW_WIDTHS = [[8, 8, 8], [16, 16, 32], [32, 32, 32, 64]]
SMALL_ROI = (16, 32, 32)
# Rounding alone gives gradients of about 1e-10 here; live tensors stay well above.
LIVE_GRADIENT = 1e-9

Batch = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def make_batch(cases: int, roi_size: tuple[int, int, int] = SMALL_ROI) -> Batch:
    """Return image, clinical tokens and interval of some random cases; every second interval is missing."""
    image = torch.rand(cases, 2, *roi_size)
    clinical = torch.stack([torch.randint(0, size, (cases,)) for size in (8, 4, 4, 8, 8, 6)], dim=1)
    interval_days = torch.linspace(300.0, 800.0, cases)
    interval_days[1::2] = torch.nan
    return image, clinical, interval_days


@pytest.fixture
def batch() -> Callable[..., Batch]:
    return make_batch


def settle(network: nn.Module, inputs: Batch) -> None:
    """Give the normalisations the statistics of the inputs, then go to eval mode.

    Those of a fresh network let the signal fade out, so that little would depend on the image.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.momentum = 1.0
    network.train()
    with torch.no_grad():
        network(*inputs)
    network.eval()


@pytest.fixture
def settled() -> Callable[[nn.Module, Batch], None]:
    return settle


def dead_parameters(network: nn.Module, inputs: Batch) -> list[str]:
    """Return the parameter tensors that a cross-entropy does not reach.

    In eval mode, since in training a normalisation takes away the gradient of a bias before it.
    """
    settle(network, inputs)
    network.zero_grad()
    F.cross_entropy(network(*inputs), torch.arange(len(inputs[0])) % 2).backward()
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().max() > LIVE_GRADIENT
    ]


@pytest.fixture
def find_dead_parameters() -> Callable[[nn.Module, Batch], list[str]]:
    return dead_parameters
