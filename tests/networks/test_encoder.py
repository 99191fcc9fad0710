import pytest
import torch
from torch import nn

from csfnet_bundle.networks.cbam import CBAM
from csfnet_bundle.networks.encoder import ConvBlock, Encoder, ResidualBlock, feature_map_size
from csfnet_bundle.networks.network import count_parameters

# Parameters of every layer of the table in the specification but the CBAMs, in order.
TABLE = [
    120,
    444,
    440,
    *(118_336, 225_856, 225_856),
    110_720,
    *(672_896, 902_272, 2_689_280),
    1_769_984,
    *(3_606_784, 3_606_784, 3_606_784, 10_752_512),
]


def test_parameters_of_the_table() -> None:
    layers = [layer for layer in Encoder().layers if not isinstance(layer, CBAM)]
    assert [count_parameters(layer) for layer in layers] == TABLE


def test_shapes_of_the_table() -> None:
    x = torch.rand(1, 1, 16, 64, 64)
    shapes = []
    with torch.no_grad():
        for layer in Encoder([[6, 6, 8], [10, 10, 12], [14, 14, 14, 16]]).eval().layers:
            x = layer(x)
            shapes.append(tuple(x.shape[1:]))
    stem, first, second, third = (4, 16, 64, 64), (8, 32, 32), (4, 16, 16), (2, 8, 8)
    assert shapes == [
        *[stem] * 3,
        *[(channels, *first) for channels in (4, 6, 6, 8, 8)],
        *[(channels, *second) for channels in (8, 10, 10, 12, 12)],
        *[(channels, *third) for channels in (12, 14, 14, 14, 16, 16)],
    ]


@pytest.mark.parametrize("roi_size", [(16, 64, 64), (16, 32, 32), (12, 20, 33), (1, 1, 1)])
def test_feature_map_size(roi_size: tuple[int, int, int]) -> None:
    encoder = Encoder([[4], [4], [8]]).eval()
    with torch.no_grad():
        maps = encoder(torch.rand(1, 2, *roi_size))
    assert tuple(maps.shape) == (1, 2, 8, *feature_map_size(roi_size))


def test_scans_are_encoded_alike_and_apart() -> None:
    encoder = Encoder([[4], [4], [8]]).eval()
    scans = torch.rand(2, 2, 8, 16, 16)
    with torch.no_grad():
        together = encoder(scans)
        swapped = encoder(scans.flip(1))
        alone = encoder(scans[1:, 1:])
    torch.testing.assert_close(swapped, together.flip(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(alone, together[1:, 1:], rtol=0, atol=1e-6)


def test_residual_sum_is_not_rectified() -> None:
    """Both summands end in a ReLU, so the sum of their parts is the output as it is."""
    block = ResidualBlock(3, 5)
    x = torch.randn(2, 3, 4, 4, 4)
    torch.testing.assert_close(block(x), block.body(x) + block.skip(x))
    assert [type(layer) for layer in block.skip] == [nn.Conv3d, nn.BatchNorm3d, nn.ReLU]
    assert block.skip[0].kernel_size == (1, 1, 1)


def test_strided_block_has_no_bias() -> None:
    assert count_parameters(ConvBlock(4, 4, stride=2, bias=False)) == 4 * 4 * 27 + 2 * 4
