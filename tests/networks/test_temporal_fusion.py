import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.network import count_parameters
from csfnet_bundle.networks.temporal_fusion import TemporalFusion, blur_matrix


@pytest.mark.parametrize("size", [(2, 8, 8), (2, 4, 4), (1, 3, 5), (1, 1, 1)])
def test_blur_is_upsampling_then_pooling(size: tuple[int, int, int]) -> None:
    x = torch.randn(2, 6, *size)
    upsampled = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=True)
    expected = F.adaptive_avg_pool3d(upsampled, size)
    torch.testing.assert_close(TemporalFusion(3).blur(x), expected, rtol=0, atol=1e-5)


def test_views_side_by_side_are_not_blurred_into_each_other() -> None:
    x = torch.randn(2, 6, 2, 4, 4)
    fusion = TemporalFusion(3, blur_depth=False)
    apart = torch.cat([fusion.blur(x[:, :, :1]), fusion.blur(x[:, :, 1:])], dim=2)
    torch.testing.assert_close(fusion.blur(x), apart)
    assert not torch.allclose(TemporalFusion(3).blur(x), apart)


def test_blur_keeps_a_constant() -> None:
    torch.testing.assert_close(blur_matrix(8, torch.ones(1)).sum(dim=1), torch.ones(8))


def test_equation() -> None:
    fusion = TemporalFusion(4)
    earlier, later = torch.randn(2, 3, 4, 2, 4, 4)
    fused = F.relu(fusion.convolution(fusion.blur(torch.cat([earlier, later], dim=1))))
    gains = torch.sigmoid(torch.tensor([0.3, 0.7]))
    torch.testing.assert_close(fusion(earlier, later), gains[0] * fused + gains[1] * later)


def test_order_of_the_scans_matters() -> None:
    fusion = TemporalFusion(4)
    earlier, later = torch.randn(2, 3, 4, 2, 4, 4)
    assert not torch.allclose(fusion(earlier, later), fusion(later, earlier))


def test_parameters_of_the_table() -> None:
    fusion = TemporalFusion(512)
    assert count_parameters(fusion.convolution) == 14_156_288
    assert count_parameters(fusion) == 14_156_288 + 2


def test_the_blur_is_no_weight() -> None:
    assert sorted(TemporalFusion(4).state_dict()) == [
        "convolution.bias",
        "convolution.weight",
        "fused_logit",
        "later_logit",
    ]
