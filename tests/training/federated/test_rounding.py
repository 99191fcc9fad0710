"""Why two federations that differ by rounding alone do not end with equal weights: docs/federated.md."""

import pytest
import torch

from csfnet_bundle.networks import CSFNet

LEARNING_RATE = 1e-3


def _gradients(*, normalised: bool) -> tuple[torch.Tensor, torch.Tensor, torch.nn.Conv3d]:
    """Return the gradients of weight and bias of a convolution, before a batch normalisation or not, after a step."""
    torch.manual_seed(0)
    convolution = torch.nn.Conv3d(2, 4, 3, padding=1)
    after = torch.nn.BatchNorm3d(4) if normalised else torch.nn.Identity()
    head = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 8**3, 1))
    optimizer = torch.optim.Adam(convolution.parameters(), lr=LEARNING_RATE)
    head(after(convolution(torch.rand(4, 2, 8, 8, 8)))).square().mean().backward()
    weight, bias = convolution.weight.grad, convolution.bias.grad  # type: ignore[union-attr]
    assert weight is not None
    assert bias is not None
    optimizer.step()
    return weight, bias, convolution


def test_a_bias_before_a_batch_normalisation_has_no_gradient_but_rounding() -> None:
    weight, bias, _ = _gradients(normalised=True)
    assert float(bias.abs().max()) < 1e-5 * float(weight.abs().max())
    weight, bias, _ = _gradients(normalised=False)
    assert float(bias.abs().max()) > 0.1 * float(weight.abs().max())


def test_a_bias_of_attention_keys_has_no_gradient_but_rounding() -> None:
    """It adds the same to all weights of a query, of which a softmax takes no notice."""
    torch.manual_seed(0)
    network = CSFNet(widths=[[4], [4], [8]])
    logits = network(torch.rand(2, 2, 8, 16, 16), torch.ones(2, 6, dtype=torch.long), torch.full((2,), 365.0))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters() if "attention" in name}
    keys = [name for name in gradients if name.endswith("key.bias")]
    assert len(keys) == 2
    for name in keys:
        value = gradients[name.replace("key", "value")]
        found = gradients[name]
        assert found is not None
        assert value is not None
        assert float(found.abs().max()) < 1e-4 * float(value.abs().max())


def test_adam_makes_steps_of_that_rounding() -> None:
    torch.manual_seed(0)
    before = torch.nn.Conv3d(2, 4, 3, padding=1).bias
    _, bias, convolution = _gradients(normalised=True)
    assert before is not None
    assert convolution.bias is not None
    moved = (convolution.bias - before).detach().abs()
    noisy = bias.abs() > 1e-7  # beside Adam's epsilon of 1e-8
    if not noisy.any():
        pytest.skip("this machine's rounding leaves no noise here")
    assert float(moved[noisy].min()) > 0.8 * LEARNING_RATE
