import pytest
import torch
from helpers.tiny_checkpoint import tiny_checkpoint, tiny_network

from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.prediction.forward import has_attention, run_network
from csfnet_bundle.prediction.joined_checkpoint import ensemble_checkpoint


def _batch(size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(size)
    image = torch.rand(size, 2, 16, 32, 32, generator=random)
    return image, torch.randint(0, 4, (size, 6), generator=random), torch.full((size,), 365.0)


def test_it_gives_what_the_network_gives_and_leaves_no_gradient(network: CSFNet) -> None:
    batch = _batch(3)
    network.train()  # as a training may leave it
    output = run_network(network, *batch, details=True)
    assert not network.training
    with torch.no_grad():
        torch.testing.assert_close(output.logits, network(*batch))
        torch.testing.assert_close(output.attention, network.attention_map(*batch))
    assert not output.logits.requires_grad
    assert output.members_of(0) == ()
    torch.testing.assert_close(output.logit, (output.logits[:, 1] - output.logits[:, 0]).double())


def test_details_are_given_only_when_asked_for(network: CSFNet, without_attention: Network) -> None:
    assert run_network(network, *_batch(1)).attention is None
    output = run_network(without_attention, *_batch(1), details=True)
    assert not has_attention(without_attention)
    assert output.attention_of(0) is None


def test_an_ensemble_tells_what_each_of_its_networks_says() -> None:
    member = tiny_checkpoint(tiny_network())
    ensemble = ensemble_checkpoint([member, member]).create_network()
    output = run_network(ensemble, *_batch(2), details=True)
    one, other = output.members_of(1)
    assert one == other == pytest.approx(float(torch.softmax(output.logits[1].double(), 0)[1]), abs=1e-6)
