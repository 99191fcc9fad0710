import torch

from csfnet_bundle.networks.head import ClassificationHead
from csfnet_bundle.networks.network import count_parameters


def test_head() -> None:
    head = ClassificationHead(256)
    assert head(torch.randn(3, 256)).shape == (3, 2)
    assert count_parameters(head) == 256 * 128 + 128 + 128 * 2 + 2
