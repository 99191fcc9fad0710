"""The trial behind a page's table: its two ways of averaging, and which biases it leaves out."""

import torch
from try_federated_rounding import before_normalisation, keys, running_sum

from csfnet_bundle.networks import CSFNet
from csfnet_bundle.training.federated import average_weights


def test_both_ways_of_averaging_differ_by_rounding_alone() -> None:
    torch.manual_seed(0)
    sites = [{"weight": torch.randn(1000), "count": torch.tensor(7)} for _ in range(2)]
    ours, theirs = average_weights(sites, (29.0, 20.0)), running_sum(sites, (29.0, 20.0))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)
    assert not torch.equal(ours["weight"], theirs["weight"])


def test_the_biases_are_those_that_change_no_prediction() -> None:
    torch.manual_seed(0)
    network = CSFNet(widths=[[4], [4], [8]]).train()
    inputs = (torch.rand(2, 2, 8, 16, 16), torch.ones(2, 6, dtype=torch.long), torch.full((2,), 365.0))
    names = {name for name, _ in network.named_parameters()}
    found = before_normalisation() | {name for name in names if keys(name)}
    assert found < names
    assert "temporal_fusion.convolution.bias" not in found, "no normalisation follows it"

    def answer() -> torch.Tensor:
        torch.manual_seed(1)
        with torch.no_grad():
            return network(*inputs)

    before = answer()
    for name, parameter in network.named_parameters():
        if name in found:
            parameter.data += 0.3 * torch.randn_like(parameter)
    torch.testing.assert_close(answer(), before, atol=1e-5, rtol=1e-4)
    network.get_parameter("temporal_fusion.convolution.bias").data += 0.3
    assert float((answer() - before).abs().max()) > 1e-4
