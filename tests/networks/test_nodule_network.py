"""The one-scan network for real nodules."""

import pytest
import torch

from csfnet_bundle.networks import create_network
from csfnet_bundle.networks.nodule_network import DESCRIPTIONS, NoduleNetwork

SIZE = (12, 24, 24)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return NoduleNetwork(widths=[[8], [16], [16]], roi_size=SIZE, view_size=(4, 8, 8), view_spacings=(1.5, 3.0))


def test_it_takes_the_bundle_s_batch_and_sees_t1_alone(network):
    image = torch.rand(3, 2, *SIZE)
    logits = network.eval()(image, torch.zeros(3, 6, dtype=torch.int64), torch.full((3,), 365.0))
    assert logits.shape == (3, 2)
    changed = image.clone()
    changed[:, 0] = 0
    torch.testing.assert_close(network(changed), logits)
    changed[:, 1] = 0
    assert not torch.allclose(network(changed), logits)


def test_it_needs_no_prior_unless_it_sees_t0(network):
    assert not network.needs_prior
    assert NoduleNetwork(scan="t0", widths=[[8]], roi_size=SIZE).needs_prior


def test_the_answers_of_training_hold_the_prediction(network):
    scan = torch.rand(3, *SIZE)
    network.eval()
    answers = network.answers(scan)
    assert answers.descriptions.shape == (3, DESCRIPTIONS)
    logits = network(torch.stack([torch.zeros_like(scan), scan], dim=1))
    torch.testing.assert_close(logits[:, 1] - logits[:, 0], answers.logit)


@pytest.mark.parametrize("seed", range(5))
def test_every_parameter_is_trained(seed):
    torch.manual_seed(seed)
    network = NoduleNetwork(widths=[[8], [16], [16]], roi_size=SIZE, view_size=(4, 8, 8), view_spacings=(1.5, 3.0))
    answers = network.answers(torch.rand(8, *SIZE))
    (answers.logit.square().sum() + answers.rating.square().sum() + answers.descriptions.square().sum()).backward()
    dead = [name for name, one in network.named_parameters() if one.grad is None or not one.grad.abs().sum() > 0]
    # A bias before a normalisation has no effect on the result; its gradient is rounding.
    assert not dead


def test_it_is_made_again_from_plain_values(network):
    again = create_network(network.architecture())
    again.load_state_dict(network.state_dict())
    image = torch.rand(2, 2, *SIZE)
    torch.testing.assert_close(again.eval()(image), network.eval()(image))


def test_it_scripts(network):
    image = torch.rand(2, 2, *SIZE)
    torch.testing.assert_close(torch.jit.script(network.eval())(image), network(image))
