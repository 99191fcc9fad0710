import pytest
import torch

from csfnet_bundle.networks.network import ClassificationHead, Network, count_parameters, scale_channels, scan_index


class Odd(Network):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype


def test_only_plain_values_describe_a_network() -> None:
    with pytest.raises(TypeError, match=r"constructor argument torch.float32 of a network is a dtype"):
        Odd().architecture()


def test_scans_are_the_channels_of_the_image() -> None:
    assert [scan_index("t0"), scan_index("t1")] == [0, 1]
    with pytest.raises(ValueError, match=r"scan is 't2', expected one of \('t0', 't1'\)"):
        scan_index("t2")


def test_a_narrow_network_keeps_a_channel() -> None:
    assert [scale_channels(64, width) for width in (1, 0.125, 0.001)] == [64, 8, 1]


def test_head() -> None:
    head = ClassificationHead(256)
    assert head(torch.randn(3, 256)).shape == (3, 2)
    assert count_parameters(head) == 256 * 128 + 128 + 128 * 2 + 2
