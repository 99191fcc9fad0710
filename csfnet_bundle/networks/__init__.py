"""Networks: CSF-Net, its ablations and the systems that it is compared with. They import torch alone."""

from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.ensemble import Ensemble
from csfnet_bundle.networks.network import Network, Plain, count_parameters
from csfnet_bundle.networks.registry import (
    ALL_SYSTEMS,
    FURTHER_SYSTEMS,
    NETWORKS,
    PRETRAINED_SYSTEMS,
    SYSTEMS,
    complete_architecture,
    create_network,
    system_architecture,
)

__all__ = [
    "ALL_SYSTEMS",
    "FURTHER_SYSTEMS",
    "NETWORKS",
    "PRETRAINED_SYSTEMS",
    "SYSTEMS",
    "CSFNet",
    "Ensemble",
    "Network",
    "Plain",
    "complete_architecture",
    "count_parameters",
    "create_network",
    "system_architecture",
]
