import torch

from csfnet_bundle.networks.systems.nas_lung import AngularLinear


def test_logits_are_length_times_cosine() -> None:
    layer = AngularLinear(16)
    x = torch.randn(3, 16)
    cosine = torch.cosine_similarity(x[:, None], layer.weight[None], dim=2)  # (3, 2)
    torch.testing.assert_close(layer(x), x.norm(dim=1, keepdim=True) * cosine)


def test_length_of_the_weights_does_not_matter() -> None:
    layer = AngularLinear(16)
    x = torch.randn(3, 16)
    before = layer(x)
    with torch.no_grad():
        layer.weight *= 5
    torch.testing.assert_close(layer(x), before)
