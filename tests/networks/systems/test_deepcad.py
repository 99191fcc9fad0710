import pytest
import torch

from csfnet_bundle.networks.systems.deepcad import DeepCAD


@pytest.mark.parametrize(("roi_size", "features"), [((16, 64, 64), 8192), ((16, 32, 32), 2048)])
def test_flattened_features(roi_size: tuple[int, int, int], features: int) -> None:
    with torch.device("meta"):
        network = DeepCAD(roi_size=roi_size)
        assert network.layers(torch.rand(2, 1, *roi_size)).shape == (2, features)
    assert network.lstm.input_size == features


def test_order_of_the_scans_matters() -> None:
    network = DeepCAD(0.125, (16, 32, 32)).eval()
    image = torch.rand(2, 2, 16, 32, 32)
    with torch.no_grad():
        assert (network(image) - network(image.flip(1))).abs().max() > 1e-6
