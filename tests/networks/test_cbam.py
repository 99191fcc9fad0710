import pytest
import torch
from torch import nn

from csfnet_bundle.networks.cbam import CBAM, PublishedCBAM, SliceWiseConv3d, create_cbam
from csfnet_bundle.networks.network import count_parameters


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", [(16, 12, 10), (2, 8, 8), (1, 1, 1)])
def test_slice_wise_convolution_is_conv3d(kernel: int, size: tuple[int, int, int]) -> None:
    slice_wise = SliceWiseConv3d(kernel)
    direct = nn.Conv3d(2, 1, kernel, padding=kernel // 2, bias=False)
    direct.load_state_dict(slice_wise.state_dict())
    x = torch.randn(3, 2, *size)
    torch.testing.assert_close(slice_wise(x), direct(x), rtol=0, atol=1e-5)


def test_woo_weights_channels_and_voxels() -> None:
    """With every weight 0 both attentions are sigmoid(0) = 1/2, so the output is x/4 + x."""
    module = CBAM(16)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 16, 4, 5, 6)
    torch.testing.assert_close(module(x), 1.25 * x)


def test_published_weights_voxels_only() -> None:
    module = PublishedCBAM(16)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 16, 4, 5, 6)
    torch.testing.assert_close(module(x), 1.5 * x)


def test_published_gives_all_channels_the_same_weight() -> None:
    x = torch.rand(1, 8, 2, 3, 3) + 1
    gain = PublishedCBAM(8)(x) / x
    torch.testing.assert_close(gain, gain[:, :1].expand_as(gain))
    woo = CBAM(8)(x) / x
    assert not torch.allclose(woo, woo[:, :1].expand_as(woo))


@pytest.mark.parametrize(
    ("variant", "channels", "parameters"),
    [
        # Linear layers with bias, hidden max(C // 16, 8), and 2 * 7**3 of the spatial kernel.
        ("woo", 4, 4 * 8 + 8 + 8 * 4 + 4 + 686),
        ("woo", 512, 512 * 32 + 32 + 32 * 512 + 512 + 686),
        # Linear layers without bias, hidden C // 4, and 2 * 5**3.
        ("published", 4, 2 * 4 * 1 + 250),
        ("published", 512, 2 * 512 * 128 + 250),
    ],
)
def test_parameters(variant: str, channels: int, parameters: int) -> None:
    assert count_parameters(create_cbam(variant, channels)) == parameters


def test_unknown_variant_is_named() -> None:
    with pytest.raises(ValueError, match=r"cbam is 'wu', expected one of .'nas_lung', 'published', 'woo'."):
        create_cbam("wu", 4)
