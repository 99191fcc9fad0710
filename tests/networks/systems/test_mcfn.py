import torch

from csfnet_bundle.networks.systems.mcfn import CoAttention, LatentAugmentation, SelfNormalizingLayer


def test_each_modality_reads_the_other() -> None:
    attention = CoAttention()
    image = torch.randn(1, 20, 128, requires_grad=True)
    clinical = torch.randn(1, 6, 128, requires_grad=True)
    for tokens, count in zip(attention(image, clinical), (20, 6), strict=True):
        assert tokens.shape == (1, count, 128)
        for gradient in torch.autograd.grad(tokens.sum(), [image, clinical], retain_graph=True):
            assert gradient.abs().sum() > 0


def test_patients_do_not_attend_to_each_other() -> None:
    attention = CoAttention()
    image, clinical = torch.randn(3, 20, 128), torch.randn(3, 6, 128)
    alone = attention(image[:1], clinical[:1])
    for tokens, expected in zip(attention(image, clinical), alone, strict=True):
        torch.testing.assert_close(tokens[:1], expected, rtol=0, atol=1e-5)


def test_layer_keeps_mean_and_variance() -> None:
    x = torch.randn(2000, 256)
    for _ in range(5):
        x = SelfNormalizingLayer(256)(x)
    assert abs(x.mean()) < 0.1
    assert abs(x.std() - 1) < 0.1


def test_augmentation_is_for_training() -> None:
    augmentation = LatentAugmentation()
    x = torch.randn(4, 256)
    assert not torch.equal(augmentation(x), x)
    torch.testing.assert_close(augmentation.eval()(x), x, rtol=0, atol=0)
