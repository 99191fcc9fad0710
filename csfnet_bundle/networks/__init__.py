"""Networks: CSF-Net, its ablations and the systems that it is compared with. They import torch alone."""

from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.ensemble import Ensemble
from csfnet_bundle.networks.memory_format import channels_last
from csfnet_bundle.networks.network import ROI_SIZE, Network, Plain, count_parameters
from csfnet_bundle.networks.registry import (
    PAPER_SYSTEMS,
    SYSTEMS,
    System,
    complete_architecture,
    create_network,
    create_system,
    sees_clinical,
    system_architecture,
)

__all__ = [
    "PAPER_SYSTEMS",
    "ROI_SIZE",
    "SYSTEMS",
    "CSFNet",
    "Ensemble",
    "Network",
    "Plain",
    "System",
    "channels_last",
    "complete_architecture",
    "count_parameters",
    "create_network",
    "create_system",
    "sees_clinical",
    "system_architecture",
]
