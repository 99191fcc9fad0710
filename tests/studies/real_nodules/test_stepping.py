"""Training steps that can be interrupted."""

import pytest
import torch

from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.studies.real_nodules.recipe import Schedule
from csfnet_bundle.studies.real_nodules.stepping import learning_rate_factor, make_optimizer, run_steps

SIZE = (8, 16, 16)


def network():
    torch.manual_seed(0)
    return NoduleNetwork(widths=[[8]], roi_size=SIZE, view_size=(4, 8, 8), view_spacings=(1.0, 2.0))


class Killed(Exception):
    """Stands for the signal."""


def run(path, steps=60, killed_at=None):
    def loss(net, step, generator):
        if step == killed_at:
            raise Killed
        answers = net.answers(torch.rand(4, *SIZE, generator=generator))
        return (answers.logit - 1).square().mean() + answers.descriptions.square().mean()

    # An average as short as the run: that of a recipe spans hundreds of steps.
    return run_steps(network(), loss, steps, Schedule(averaging=0.8), path, seed=3)


def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    undisturbed = run(tmp_path / "one.pt").state_dict()
    with pytest.raises(Killed):
        run(tmp_path / "two.pt", killed_at=57)
    again = run(tmp_path / "two.pt").state_dict()
    for name, value in undisturbed.items():
        torch.testing.assert_close(again[name], value, msg=name)


def test_it_learns_and_returns_the_average(tmp_path):
    trained = run(tmp_path / "state.pt")
    logits = trained.answers(torch.rand(16, *SIZE)).logit.detach()
    assert abs(float(logits.mean()) - 1) < 0.5
    assert not trained.training


def test_the_rate_rises_and_falls():
    schedule = Schedule(warm_up=0.15)
    factors = [learning_rate_factor(step, 100, schedule) for step in range(100)]
    assert factors[14] == 1
    assert factors[:15] == sorted(factors[:15])
    assert factors[14:] == sorted(factors[14:], reverse=True)
    assert factors[-1] < 0.01


def test_biases_and_normalisation_do_not_decay():
    groups = make_optimizer(network(), Schedule()).param_groups
    assert [group["weight_decay"] for group in groups] == [0.05, 0.0]
    assert {parameter.ndim for parameter in groups[1]["params"]} <= {0, 1}
