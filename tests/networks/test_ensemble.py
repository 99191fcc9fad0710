"""An ensemble's softmax is the mean of its networks' calibrated softmaxes."""

from collections.abc import Callable

import pytest
import torch

from csfnet_bundle.networks import CSFNet, Ensemble, create_network
from csfnet_bundle.networks.ablations import AblatedCSFNet

WIDTHS = [[4], [4], [8]]
TEMPERATURES = [0.5, 2.0, 1.0]


@pytest.fixture
def ensemble(batch: Callable, settled: Callable) -> Ensemble:
    networks = [CSFNet(WIDTHS), CSFNet(WIDTHS, use_interval=True), CSFNet(WIDTHS)]
    for network in networks:
        settled(network, batch(4))
    ensemble = Ensemble([network.architecture() for network in networks], TEMPERATURES, create_network)
    for own, network in zip(ensemble.networks, networks, strict=True):
        own.load_state_dict(network.state_dict())
    return ensemble.eval()


def test_probabilities_are_averaged_after_calibration(ensemble: Ensemble, batch: Callable) -> None:
    inputs = batch(3)
    with torch.no_grad():
        each = [
            torch.softmax(network(*inputs) / temperature, dim=1)
            for network, temperature in zip(ensemble.networks, TEMPERATURES, strict=True)
        ]
        torch.testing.assert_close(torch.softmax(ensemble(*inputs), dim=1), torch.stack(each).mean(dim=0))
        members = ensemble.member_probabilities(*inputs)
    torch.testing.assert_close(members, torch.stack([one[:, 1] for one in each], dim=1))
    assert members.std(dim=1).min() > 0


def test_extreme_logits_stay_finite() -> None:
    ensemble = Ensemble([CSFNet(WIDTHS).architecture()] * 2, [1.0, 1.0], create_network).eval()
    with torch.no_grad():
        ensemble.networks[0].head[2].bias.copy_(torch.tensor([500.0, -500.0]))
        ensemble.networks[1].head[2].bias.copy_(torch.tensor([400.0, -400.0]))
        logits = ensemble(torch.rand(2, 2, 16, 16, 16))
    assert torch.isfinite(logits).all()
    assert (logits[:, 0] > logits[:, 1] + 100).all()


def test_maps_are_averaged(ensemble: Ensemble, batch: Callable) -> None:
    inputs = batch(2)
    with torch.no_grad():
        maps = [network.attention_map(*inputs) for network in ensemble.networks]
        torch.testing.assert_close(ensemble.attention_map(*inputs), torch.stack(maps).mean(dim=0))
    assert ensemble.has_attention
    assert not Ensemble(
        [AblatedCSFNet(use_clinical=False, widths=WIDTHS).architecture()], [1.0], create_network
    ).has_attention


def test_architecture_and_script_round_trip(ensemble: Ensemble, batch: Callable) -> None:
    inputs = batch(2)
    again = create_network(ensemble.architecture()).eval()
    again.load_state_dict(ensemble.state_dict())
    script = torch.jit.script(ensemble)
    with torch.no_grad():
        torch.testing.assert_close(again(*inputs), ensemble(*inputs))
        torch.testing.assert_close(script(*inputs), ensemble(*inputs))
        torch.testing.assert_close(script.member_probabilities(*inputs), ensemble.member_probabilities(*inputs))


def test_one_network_that_needs_a_prior_is_enough() -> None:
    alone, compares = CSFNet(WIDTHS, prior_presence=True).architecture(), CSFNet(WIDTHS).architecture()
    assert not Ensemble([alone, alone], [1.0, 1.0], create_network).needs_prior
    assert Ensemble([alone, compares], [1.0, 1.0], create_network).needs_prior


def test_networks_and_temperatures_belong_together() -> None:
    with pytest.raises(ValueError, match="1 networks with 2 temperatures"):
        Ensemble([CSFNet(WIDTHS).architecture()], [1.0, 2.0], create_network)
