from collections.abc import Callable

import pytest
import torch
from torch import nn

from csfnet_bundle.networks.systems.time_aware_lstm import CropNetwork, TimeAwareCell, TimeAwareLSTM


def test_without_elapsed_time_the_cell_is_an_lstm_cell() -> None:
    cell, reference = TimeAwareCell(5, 7), nn.LSTMCell(5, 7)
    with torch.no_grad():
        reference.weight_ih.copy_(cell.input_gates.weight)
        reference.bias_ih.copy_(cell.input_gates.bias)
        reference.weight_hh.copy_(cell.hidden_gates.weight)
        reference.bias_hh.zero_()
    # The order of the gates is write, forget, read, candidate here and write, forget, candidate, read there.
    order = torch.cat([torch.arange(0, 14), torch.arange(21, 28), torch.arange(14, 21)])
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.copy_(parameter[order])
    x, hidden, memory = torch.randn(3, 5), torch.randn(3, 7), torch.randn(3, 7)
    torch.testing.assert_close(cell(x, hidden, memory, torch.zeros(3)), reference(x, (hidden, memory)))


def test_short_term_memory_fades_with_time() -> None:
    """After a very long time only ``C - C_S`` is left of the memory (Baytas 2017, Eq. 1)."""
    cell = TimeAwareCell(5, 7)
    x, hidden, memory = torch.randn(3, 5), torch.randn(3, 7), torch.randn(3, 7)
    long_term = memory - torch.tanh(cell.short_term(memory))
    never = cell(x, hidden, memory, torch.full((3,), torch.inf))
    write, forget, _, candidate = (cell.input_gates(x) + cell.hidden_gates(hidden)).chunk(4, dim=1)
    expected = torch.sigmoid(forget) * long_term + torch.sigmoid(write) * torch.tanh(candidate)
    torch.testing.assert_close(never[1], expected)


@pytest.mark.parametrize("size", [(16, 64, 64), (4, 16, 16)])
def test_crop_is_the_centre(size: tuple[int, int, int]) -> None:
    network = CropNetwork((8, 20, 20), 0.125).eval()
    x = torch.rand(1, 1, *size)
    spoilt = x.clone()
    if size[0] > 8:
        spoilt[:, :, :4] = 9
        spoilt[:, :, -4:] = 9
        spoilt[..., :22] = 9
        spoilt[..., -22:] = 9
    with torch.no_grad():
        torch.testing.assert_close(network(spoilt), network(x))
        spoilt[:, :, size[0] // 2] = 9
        assert not torch.allclose(network(spoilt), network(x))


def test_missing_interval_counts_as_a_year(batch: Callable) -> None:
    network = TimeAwareLSTM(0.125).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        missing = network(image, clinical, None)
        torch.testing.assert_close(network(image, clinical, torch.tensor([365.25, torch.nan])), missing)
        assert not torch.allclose(network(image, clinical, torch.tensor([30.0, 30.0])), missing, atol=1e-6)
