import math

import pytest
import torch
from torch.utils import _device

from csfnet_bundle.networks.position_encoding import PositionEncoding


def test_every_cell_has_an_encoding_of_its_own_in_the_order_of_the_tokens() -> None:
    encoding = PositionEncoding(128)(2, 8, 8)
    assert encoding.shape == (128, 128)
    distance = torch.cdist(encoding, encoding) + 10 * torch.eye(128)
    assert distance.min() > 0.5
    cells = torch.arange(2 * 8 * 8).reshape(2, 8, 8)
    along_width = encoding[cells[1, 3]][:, 84:]  # depth and height have 42 numbers each
    torch.testing.assert_close(along_width, encoding[cells[0, 6]][:, 84:])
    assert (along_width[1:] - along_width[:-1]).abs().max() > 0.1


@pytest.mark.parametrize(("frequency", "period"), [(0, 16.0), (20, 2.0)])
def test_periods_go_from_sixteen_to_two_cells_about_the_middle(frequency: int, period: float) -> None:
    encoding = PositionEncoding(128)(3, 1, 5)
    for cell, place in enumerate((-2, -1, 0, 1, 2)):  # along the width, in the middle slice
        row = encoding[5 + cell]
        assert row[84 + frequency] == pytest.approx(math.sin(2 * math.pi * place / period), abs=1e-5)
        assert row[84 + 21 + frequency] == pytest.approx(math.cos(2 * math.pi * place / period), abs=1e-5)


def test_nothing_is_trained_or_saved() -> None:
    encoding = PositionEncoding(128)
    assert not list(encoding.parameters())
    assert not encoding.state_dict()


def test_left_over_numbers_are_zero() -> None:
    assert (PositionEncoding(128)(2, 2, 2)[:, 126:] == 0).all()


def test_it_lies_on_the_current_device_after_transformers_has_loaded_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers replaces torch.linspace meanwhile, and torch may remember the replacement as its constructor."""
    known = _device._device_constructors()
    monkeypatch.setattr(_device, "_device_constructors", lambda: known - {torch.linspace})
    with torch.device("meta"):
        encoding = PositionEncoding(128)
        assert torch.linspace(0, 1, 2).device.type == "cpu"  # the fault is there
    assert encoding.frequencies.device.type == "meta"
