from collections.abc import Callable

import torch

from csfnet_bundle.networks.systems.radfusion import Bottleneck, RadFusion, penet


def test_probability_is_the_mean_of_both(batch: Callable) -> None:
    network = RadFusion(0.125).eval()
    image, clinical, _ = batch(3)
    with torch.no_grad():
        from_image = torch.softmax(network.penet(image[:, 1:]), dim=1)
        tokens = network.clinical_embedding(clinical, None, 3)
        from_clinical = torch.softmax(network.clinical_head(tokens.flatten(1)), dim=1)
        probability = torch.softmax(network(image, clinical), dim=1)
    torch.testing.assert_close(probability, (from_image + from_clinical) / 2)


def test_stages_of_penet() -> None:
    blocks = [layer for layer in penet(1.0) if isinstance(layer, Bottleneck)]
    assert [block.body[0].out_channels for block in blocks] == 3 * [128] + 4 * [256] + 6 * [512] + 3 * [1024]
    assert {block.body[3].groups for block in blocks} == {32}


def test_depth_lasts_to_the_end() -> None:
    """A ROI of 16 slices keeps at least one through every halving."""
    with torch.device("meta"):
        layers = penet(1.0)
        x = torch.rand(1, 1, 16, 64, 64)
        for layer in layers[:-3]:  # up to the average pool
            x = layer(x)
    assert x.shape == (1, 2048, 1, 2, 2)
