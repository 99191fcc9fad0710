import pytest
import torch

from csfnet_bundle.networks import NETWORKS, CSFNet, create_network
from csfnet_bundle.networks.network import Network


class Odd(Network):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype


def test_only_plain_values_describe_a_network() -> None:
    with pytest.raises(TypeError, match=r"constructor argument torch.float32 of a network is a dtype"):
        Odd().architecture()


def test_registry_goes_by_class_name() -> None:
    assert NETWORKS["CSFNet"] is CSFNet


def test_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"no network called 'CSFNot', expected one of .*CSFNet"):
        create_network({"name": "CSFNot"})


def test_unknown_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"network CSFNet cannot be made from .*unexpected keyword argument 'width'"):
        create_network({"name": "CSFNet", "width": 3})
