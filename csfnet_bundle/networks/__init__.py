"""Networks: CSF-Net, its ablations and the systems that it is compared with. They import torch alone."""

from __future__ import annotations

from collections.abc import Mapping

from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.network import Network, Plain, count_parameters

NETWORKS: dict[str, type[Network]] = {network.__name__: network for network in (CSFNet,)}


def create_network(architecture: Mapping[str, Plain]) -> Network:
    """Make a network from plain values, as :meth:`Network.architecture` gives them and a checkpoint carries them.

    Args:
        architecture: the class under ``name``, and any of its constructor's arguments.

    Raises:
        ValueError: there is no network of that name, or it does not take those arguments.
    """
    arguments = dict(architecture)
    name = arguments.pop("name", None)
    if name not in NETWORKS:
        raise ValueError(f"there is no network called {name!r}, expected one of {', '.join(sorted(NETWORKS))}")
    try:
        return NETWORKS[str(name)](**arguments)
    except TypeError as error:
        raise ValueError(f"network {name} cannot be made from {arguments}: {error}") from error


__all__ = ["NETWORKS", "CSFNet", "Network", "Plain", "count_parameters", "create_network"]
