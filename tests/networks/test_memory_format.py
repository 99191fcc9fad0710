"""The narrow networks train in another layout of their tensors; what they say stays the same."""

import pytest
import torch
from helpers.workflow_runs import REPOSITORY
from monai.bundle import ConfigParser
from torch import nn
from torch.nn import functional as F

from csfnet_bundle.networks import channels_last, create_system

SIZE = (8, 16, 16)


@pytest.mark.parametrize("system", ["csfnet", "deepcad"])
def test_scores_are_equal_in_both_layouts(system: str) -> None:
    """After a step of training, so that gradients and running statistics are compared as well."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(6, 2, *SIZE, generator=generator)
    label = torch.tensor([0, 1, 0, 1, 1, 0])
    scores = []
    for change in (nn.Identity(), channels_last):
        torch.manual_seed(0)
        network = change(create_system(system, 0.125, SIZE))
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
        torch.manual_seed(1)  # of the dropout
        F.cross_entropy(network(image), label).backward()
        optimizer.step()
        with torch.no_grad():
            scores.append(network.eval()(image))
    assert scores[0].std() > 1e-3
    torch.testing.assert_close(scores[1], scores[0], rtol=0, atol=1e-5)


def test_other_kernels_stay_as_they_are() -> None:
    both = channels_last(nn.ModuleList([nn.Conv2d(8, 8, 3), nn.Conv3d(8, 8, 3)]))
    assert both[0].weight.is_contiguous()
    assert both[1].weight.is_contiguous(memory_format=torch.channels_last_3d)


def test_the_small_config_trains_in_that_layout() -> None:
    config = ConfigParser.load_config_files(
        [str(REPOSITORY / "configs" / name) for name in ("train.json", "cpu_demo.json")]
    )
    network = ConfigParser({**config, "device": "$torch.device('cpu')"}).get_parsed_content("network")
    kernels = [one.weight for one in network.modules() if isinstance(one, torch.nn.Conv3d) and one.in_channels > 4]
    assert kernels
    assert all(kernel.is_contiguous(memory_format=torch.channels_last_3d) for kernel in kernels)
