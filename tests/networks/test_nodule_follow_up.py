"""The one-scan network with a follow-up part."""

import pytest
import torch

from csfnet_bundle.networks import create_network
from csfnet_bundle.networks.nodule_follow_up import ChangeTerm, FollowUpNoduleNetwork
from csfnet_bundle.networks.nodule_network import NoduleNetwork

SIZE = (12, 24, 24)
SHAPE = {"widths": [[8], [16], [16]], "roi_size": SIZE, "view_size": (4, 8, 8), "view_spacings": (1.5, 3.0)}


@pytest.fixture
def network() -> FollowUpNoduleNetwork:
    torch.manual_seed(0)
    return FollowUpNoduleNetwork(**SHAPE).eval()


def difference(logits: torch.Tensor) -> torch.Tensor:
    return logits[:, 1] - logits[:, 0]


def test_without_a_prior_it_is_the_one_scan_network(network: FollowUpNoduleNetwork) -> None:
    one_scan = NoduleNetwork("t1", **SHAPE).eval()
    one_scan.load_state_dict({name: value for name, value in network.state_dict().items() if "change" not in name})
    image = torch.rand(3, 1, *SIZE).expand(-1, 2, -1, -1, -1)
    torch.testing.assert_close(network(image), one_scan(image))
    assert not network.needs_prior


def test_a_prior_changes_the_answer_by_the_change_term(network: FollowUpNoduleNetwork) -> None:
    network.change.spread.fill_(1e-3)  # features of random weights differ little
    image = torch.rand(3, 2, *SIZE)
    before, now, opinion = network.read(image)
    added = difference(network(image)) - opinion
    torch.testing.assert_close(added, network.change(before, now))
    assert added.abs().max() > 1e-5


def test_two_scans_of_one_nodule_are_not_the_same_scan_twice(network: FollowUpNoduleNetwork) -> None:
    network.change.spread.fill_(1e-3)
    now = torch.rand(3, 1, *SIZE)
    noisy = torch.cat([now + 0.01 * torch.randn_like(now), now], dim=1)
    assert (network.change(*network.read(noisy)[:2]) != 0).all()
    assert torch.equal(network.change(*network.read(now.expand(-1, 2, -1, -1, -1))[:2]), torch.zeros(3))


def test_the_term_is_zero_without_change_whatever_its_weights() -> None:
    term = ChangeTerm(6, 4)
    torch.nn.init.normal_(term.hidden.bias)
    features = torch.randn(5, 6)
    assert torch.equal(term(features, features), torch.zeros(5))
    changed = term(features, features + 1)
    assert changed.abs().min() > 0
    term.spread.fill_(2.0)
    torch.testing.assert_close(term(2 * features, 2 * features + 2), changed)


def test_it_is_made_again_from_plain_values_and_scripts(network: FollowUpNoduleNetwork) -> None:
    again = create_network(network.architecture())
    again.load_state_dict(network.state_dict())
    image = torch.rand(2, 2, *SIZE)
    torch.testing.assert_close(again.eval()(image), network(image))
    torch.testing.assert_close(torch.jit.script(network)(image), network(image))
