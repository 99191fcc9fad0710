import torch
from torch.nn import functional as F

from csfnet_bundle.networks.cross_modal_attention import CrossAttention, CrossModalAttention, ImageTokens
from csfnet_bundle.networks.network import count_parameters


def test_attention_is_scaled_dot_product_over_the_keys() -> None:
    attention = CrossAttention().eval()
    asking, answering = torch.randn(2, 6, 128), torch.randn(2, 20, 128)
    query, key, value = (
        F.relu(layer(tokens)).unflatten(2, (4, 32)).transpose(1, 2)
        for layer, tokens in (
            (attention.query, asking),
            (attention.key, answering),
            (attention.value, answering),
        )
    )
    expected = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attention(asking, answering), expected)
    weights = attention.attention(asking, answering)
    assert weights.shape == (2, 4, 6, 20)
    torch.testing.assert_close(weights.sum(dim=3), torch.ones(2, 4, 6))


def test_patients_do_not_attend_to_each_other() -> None:
    fusion = CrossModalAttention().eval()
    image, clinical = torch.randn(3, 20, 128), torch.randn(3, 6, 128)
    together = fusion(image, clinical)
    torch.testing.assert_close(fusion(image[1:2], clinical[1:2]), together[1:2], rtol=0, atol=1e-5)


def test_each_modality_reaches_both_halves() -> None:
    fusion = CrossModalAttention().eval()
    image = torch.randn(1, 20, 128, requires_grad=True)
    clinical = torch.randn(1, 6, 128, requires_grad=True)
    fused = fusion(image, clinical)
    assert fused.shape == (1, 256)
    for half in fused.split(128, dim=1):
        for gradient in torch.autograd.grad(half.sum(), [image, clinical], retain_graph=True):
            assert gradient.abs().sum() > 0


def test_image_attention_is_a_distribution_over_the_voxels() -> None:
    fusion = CrossModalAttention().train()  # dropout must not reach it
    attention = fusion.image_attention(torch.randn(2, 20, 128), torch.randn(2, 6, 128))
    assert attention.shape == (2, 20)
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(2))


def test_voxels_become_tokens_in_order() -> None:
    tokens = ImageTokens(16)
    feature_map = torch.randn(2, 16, 2, 3, 4)
    voxel = tokens(feature_map[:, :, 1:2, 2:3, 3:4])
    torch.testing.assert_close(tokens(feature_map)[:, 1 * 12 + 2 * 4 + 3], voxel[:, 0])


def test_parameters() -> None:
    square = 128 * 128 + 128  # one Linear of the attention's width
    # Two input layers, three projections for each of two streams, two output layers.
    assert count_parameters(CrossModalAttention()) == (2 + 2 * 3 + 2) * square
    assert count_parameters(ImageTokens(512)) == 512 * 256 + 256 + 256 * 128 + 128
