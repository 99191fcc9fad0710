"""All networks by name: made from plain values, and listed as the systems of the paper's tables."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from csfnet_bundle.networks.ablations import OneScanImage, OneScanWithClinical, WithoutClinical, WithoutTemporalFusion
from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.encoder import WIDTHS
from csfnet_bundle.networks.ensemble import Ensemble
from csfnet_bundle.networks.network import ROI_SIZE, Network, Plain, scale_channels
from csfnet_bundle.networks.systems.deepcad import DeepCAD
from csfnet_bundle.networks.systems.mcfn import MCFN
from csfnet_bundle.networks.systems.medst_csfnet import MedSTCSFNet, MedSTProbe
from csfnet_bundle.networks.systems.nas_lung import NASLung
from csfnet_bundle.networks.systems.radfusion import RadFusion
from csfnet_bundle.networks.systems.scans import SCANs
from csfnet_bundle.networks.systems.time_aware_lstm import TimeAwareLSTM

NETWORKS: dict[str, type[Network]] = {
    network.__name__: network
    for network in (
        CSFNet,
        SCANs,
        NASLung,
        TimeAwareLSTM,
        DeepCAD,
        MCFN,
        RadFusion,
        OneScanImage,
        OneScanWithClinical,
        WithoutClinical,
        WithoutTemporalFusion,
    )
}

# Networks that the paper does not have.
FURTHER_NETWORKS: dict[str, type[Network]] = {network.__name__: network for network in (MedSTCSFNet, MedSTProbe)}

# The rows of the paper's Table 1 and Table 2 and two on its attention, with what makes each network its row.
SYSTEMS: dict[str, dict[str, Plain]] = {
    "scans": {"name": "SCANs"},
    "nas_lung": {"name": "NASLung"},
    "t_lstm": {"name": "TimeAwareLSTM"},
    "deepcad": {"name": "DeepCAD"},
    "mcfn": {"name": "MCFN"},
    "radfusion": {"name": "RadFusion"},
    "t0_image": {"name": "OneScanImage", "scan": "t0"},
    "t0_image_clinical": {"name": "OneScanWithClinical", "scan": "t0"},
    "t1_image": {"name": "OneScanImage", "scan": "t1"},
    "t1_image_clinical": {"name": "OneScanWithClinical", "scan": "t1"},
    "without_cmaf_clinical": {"name": "WithoutClinical"},
    "without_temporal_fusion": {"name": "WithoutTemporalFusion"},
    "csfnet": {"name": "CSFNet"},
    # Not in the paper: what attention is worth, and the printed form of it.
    "uniform_attention": {"name": "CSFNet", "attention": "uniform"},
    "published_attention": {"name": "CSFNet", "attention": "published"},
}

# Rows beside those of the paper: Med-ST's encoder in CSF-Net, pre-trained and not, and a probe of it.
FURTHER_SYSTEMS: dict[str, dict[str, Plain]] = {
    "csfnet_medst": {"name": "MedSTCSFNet"},
    "csfnet_medst_scratch": {"name": "MedSTCSFNet"},
    "medst_probe": {"name": "MedSTProbe"},
    "medst_probe_scratch": {"name": "MedSTProbe"},
}
# Are what they are called only with weights of a pre-training; beside each, the same without it.
PRETRAINED_SYSTEMS = {"csfnet_medst": "csfnet_medst_scratch", "medst_probe": "medst_probe_scratch"}

ALL_SYSTEMS = {**SYSTEMS, **FURTHER_SYSTEMS}


# Arguments that came later, and what every network of before was; architectures that carry them are of a later version.
FORMER_ARGUMENTS: dict[str, dict[str, Plain]] = {
    name: {"attention": "published"}
    for name in ("CSFNet", "OneScanWithClinical", "WithoutTemporalFusion", "MedSTCSFNet")
}


def complete_architecture(architecture: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return a stored architecture with the arguments that its version did not have yet, as networks then were.

    An ensemble's members are completed, too. Without this, weights of before would get the default of today.
    """
    complete = {**FORMER_ARGUMENTS.get(str(architecture.get("name")), {}), **architecture}
    members = complete.get("members")
    if isinstance(members, list):
        complete["members"] = [
            complete_architecture(member) if isinstance(member, dict) else member for member in members
        ]
    return complete


def create_network(architecture: Mapping[str, Plain]) -> Network:
    """Make a network from plain values, as :meth:`Network.architecture` gives them and a checkpoint carries them.

    Args:
        architecture: the class under ``name``, and any of its constructor's arguments.

    Raises:
        ValueError: there is no network of that name, or it does not take those arguments.
    """
    arguments = dict(architecture)
    name = arguments.pop("name", None)
    networks = {**NETWORKS, **FURTHER_NETWORKS, Ensemble.__name__: Ensemble}
    if name not in networks:
        raise ValueError(f"there is no network called {name!r}, expected one of {', '.join(sorted(networks))}")
    try:
        return networks[str(name)](**arguments)
    except TypeError as error:
        raise ValueError(f"network {name} cannot be made from {arguments}: {error}") from error


def system_architecture(system: str, width: float = 1.0, roi_size: Sequence[int] = ROI_SIZE) -> dict[str, Plain]:
    """Return the architecture of a row of the tables, for :func:`create_network`.

    Args:
        system: a key of ``ALL_SYSTEMS``.
        width: factor on the channels of the convolutions; 0.125 trains on a CPU.
        roi_size: (D, H, W) of the ROIs in voxels.

    Raises:
        ValueError: there is no such system.
    """
    if system not in ALL_SYSTEMS:
        raise ValueError(f"there is no system called {system!r}, expected one of {', '.join(ALL_SYSTEMS)}")
    row = ALL_SYSTEMS[system]
    offered: dict[str, Plain] = {
        "width": width,
        "widths": [[scale_channels(channels, width) for channels in stage] for stage in WIDTHS],
        "roi_size": list(roi_size),
    }
    accepted = inspect.signature({**NETWORKS, **FURTHER_NETWORKS}[str(row["name"])]).parameters
    return {**row, **{name: value for name, value in offered.items() if name in accepted}}
