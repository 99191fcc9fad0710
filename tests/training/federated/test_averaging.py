"""Averages of state dictionaries: every tensor, buffers included."""

import pytest
import torch

from csfnet_bundle.training.federated import average_weights


def _state(value: float, count: int) -> dict[str, torch.Tensor]:
    network = torch.nn.BatchNorm1d(2)
    state = {name: torch.full_like(tensor, value) for name, tensor in network.state_dict().items()}
    state["num_batches_tracked"] = torch.tensor(count)
    return state


def test_parameters_and_buffers_are_averaged() -> None:
    averaged = average_weights([_state(1, 3), _state(4, 8)])
    for name in ("weight", "bias", "running_mean", "running_var"):
        torch.testing.assert_close(averaged[name], torch.full((2,), 2.5))
    assert averaged["num_batches_tracked"].dtype == torch.int64
    assert averaged["num_batches_tracked"] in (5, 6)
    torch.nn.BatchNorm1d(2).load_state_dict(averaged)


def test_shares_weigh_the_sites() -> None:
    averaged = average_weights([_state(0, 0), _state(4, 8)], shares=[30, 10])
    torch.testing.assert_close(averaged["weight"], torch.full((2,), 1.0))
    assert averaged["num_batches_tracked"] == 2


def test_one_site_is_its_own_average() -> None:
    averaged = average_weights([_state(0.1, 7)])
    torch.testing.assert_close(averaged, _state(0.1, 7))


@pytest.mark.parametrize(
    ("sites", "shares"), [([], None), ([{"a": torch.ones(1)}, {"b": torch.ones(1)}], None), ([_state(1, 1)], [0.0])]
)
def test_what_cannot_be_averaged_is_refused(sites: list[dict[str, torch.Tensor]], shares: list[float] | None) -> None:
    with pytest.raises(ValueError, match=r"sites|shares"):
        average_weights(sites, shares)
