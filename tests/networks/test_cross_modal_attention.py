import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.cross_modal_attention import (
    ATTENTIONS,
    CrossAttention,
    CrossModalAttention,
    ImageTokens,
    with_uniform_attention,
)
from csfnet_bundle.networks.network import count_parameters

GRID = (1, 4, 5)


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


@pytest.fixture(params=ATTENTIONS)
def fusion(request: pytest.FixtureRequest) -> CrossModalAttention:
    return CrossModalAttention(attention=request.param).eval()


def test_patients_do_not_attend_to_each_other(fusion: CrossModalAttention) -> None:
    image, clinical = torch.randn(3, 20, 128), torch.randn(3, 6, 128)
    together = fusion(image, clinical, GRID)
    torch.testing.assert_close(fusion(image[1:2], clinical[1:2], GRID), together[1:2], rtol=0, atol=1e-5)


def test_each_modality_reaches_both_halves() -> None:
    fusion = CrossModalAttention().eval()
    image = torch.randn(1, 20, 128, requires_grad=True)
    clinical = torch.randn(1, 6, 128, requires_grad=True)
    fused = fusion(image, clinical, GRID)
    assert fused.shape == (1, 256)
    for half in fused.split(128, dim=1):
        for gradient in torch.autograd.grad(half.sum(), [image, clinical], retain_graph=True):
            assert gradient.abs().sum() > 0


def test_attention_is_a_distribution_over_voxels_and_over_variables(fusion: CrossModalAttention) -> None:
    fusion.train()  # dropout must not reach it
    image, clinical = torch.randn(2, 20, 128), torch.randn(2, 6, 128)
    for attention, tokens in (
        (fusion.image_attention(image, clinical, GRID), 20),
        (fusion.clinical_attention(image, clinical, GRID), 6),
    ):
        assert attention.shape == (2, tokens)
        torch.testing.assert_close(attention.sum(dim=1), torch.ones(2))


def test_the_printed_form_does_not_know_places_and_the_default_does() -> None:
    """Voxels in another order: the same set of tokens, each somewhere else."""
    image, clinical = torch.randn(2, 20, 128), torch.randn(2, 6, 128)
    order = torch.randperm(20)
    for attention, same in (("published", True), ("joint", False)):
        fusion = CrossModalAttention(attention=attention).eval()
        moved = fusion(image[:, order], clinical, GRID) - fusion(image, clinical, GRID)
        assert bool(moved.abs().max() < 1e-5) == same


def test_the_clinical_tokens_ask_together_by_their_sum() -> None:
    fusion = CrossModalAttention().eval()
    image, clinical = torch.randn(1, 20, 128), torch.randn(1, 6, 128)
    tokens = F.relu(fusion.clinical_input(clinical))
    keys = F.relu(fusion.image_input(image + fusion.position(1, 4, 5)))
    expected = fusion.image_stream.attention(tokens.sum(dim=1, keepdim=True), keys).mean(dim=(1, 2))
    torch.testing.assert_close(fusion.image_attention(image, clinical, GRID), expected)


def test_the_image_feature_that_is_added_again_has_no_position() -> None:
    fusion = CrossModalAttention().eval()
    with torch.no_grad():
        fusion.image_output.weight.zero_()
        fusion.image_output.bias.zero_()
    image = torch.randn(2, 20, 128)
    torch.testing.assert_close(fusion(image, torch.randn(2, 6, 128), GRID)[:, :128], image.mean(dim=1))


def test_uniform_attention_is_the_mean_of_the_values() -> None:
    trained = CrossModalAttention().eval()
    image, clinical = torch.randn(2, 20, 128), torch.randn(2, 6, 128)
    uniform = with_uniform_attention(trained)
    ablation = CrossModalAttention(attention="uniform").eval()
    ablation.load_state_dict(uniform.state_dict())
    torch.testing.assert_close(uniform.image_attention(image, clinical, GRID), torch.full((2, 20), 1 / 20))
    torch.testing.assert_close(uniform(image, clinical, GRID), ablation(image, clinical, GRID))
    tokens = F.relu(trained.image_input(image + trained.position(1, 4, 5)))
    values = F.relu(trained.image_stream.value(tokens)).mean(dim=1)
    expected = trained.image_output(values + tokens.mean(dim=1)) + image.mean(dim=1)
    torch.testing.assert_close(uniform(image, clinical, GRID)[:, :128], expected)
    assert (
        trained(image, clinical, GRID) - uniform(image, clinical, GRID)
    ).abs().max() > 1e-4  # the copy alone changed


def test_unknown_attention_is_named() -> None:
    with pytest.raises(ValueError, match="attention is 'sharp', expected one of joint, published, uniform"):
        CrossModalAttention(attention="sharp")


def test_voxels_become_tokens_in_order() -> None:
    tokens = ImageTokens(16)
    feature_map = torch.randn(2, 16, 2, 3, 4)
    voxel = tokens(feature_map[:, :, 1:2, 2:3, 3:4])
    torch.testing.assert_close(tokens(feature_map)[:, 1 * 12 + 2 * 4 + 3], voxel[:, 0])


def test_parameters() -> None:
    square = 128 * 128 + 128  # one Linear of the attention's width
    # Two input layers, three projections for each of two streams, two output layers.
    assert count_parameters(CrossModalAttention()) == (2 + 2 * 3 + 2) * square
    assert count_parameters(CrossModalAttention(attention="published")) == (2 + 2 * 3 + 2) * square
    assert count_parameters(CrossModalAttention(attention="uniform")) == (2 + 2 + 2) * square
    published = CrossModalAttention(attention="published").state_dict()
    assert list(CrossModalAttention().state_dict()) == list(published)
    assert count_parameters(ImageTokens(512)) == 512 * 256 + 256 + 256 * 128 + 128
