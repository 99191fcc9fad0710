"""All networks by name, made from plain values, and the list of systems that are compared."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.ablations import AblatedCSFNet
from csfnet_bundle.networks.csfnet import CSFNet
from csfnet_bundle.networks.encoder import WIDTHS
from csfnet_bundle.networks.ensemble import Ensemble
from csfnet_bundle.networks.network import ROI_SIZE, Network, Plain, scale_channels
from csfnet_bundle.networks.nodule_follow_up import FollowUpNoduleNetwork
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.networks.systems.deepcad import DeepCAD
from csfnet_bundle.networks.systems.mcfn import MCFN
from csfnet_bundle.networks.systems.medst_csfnet import MedSTCSFNet, MedSTProbe
from csfnet_bundle.networks.systems.nas_lung import NASLung
from csfnet_bundle.networks.systems.radfusion import RadFusion
from csfnet_bundle.networks.systems.scans import SCANs
from csfnet_bundle.networks.systems.time_aware_lstm import TimeAwareLSTM


@dataclass(frozen=True)
class System:
    """A row of the benchmark: a network with what makes it this row.

    Attributes:
        name: what ``--system`` takes.
        network: its class.
        arguments: constructor arguments that make the network this row.
        table: the table of the row, the paper's ``"Table 1"`` or ``"Table 2"``; empty for a row beside both.
        config: a file of configs/systems with the training settings that differ from configs/train.json; empty for
            none.
        compared_with: the same system from random weights, for one that starts from a pre-training; else empty.
    """

    name: str
    network: type[Network]
    arguments: Mapping[str, Plain] = field(default_factory=dict)
    table: str = ""
    config: str = ""
    compared_with: str = ""


_SYSTEMS = (
    System("scans", SCANs, table="Table 1"),
    System("nas_lung", NASLung, table="Table 1", config="nas_lung"),
    System("t_lstm", TimeAwareLSTM, table="Table 1"),
    System("deepcad", DeepCAD, table="Table 1"),
    System("mcfn", MCFN, table="Table 1"),
    System("radfusion", RadFusion, table="Table 1"),
    System("t0_image", AblatedCSFNet, {"scans": "t0", "use_clinical": False}, table="Table 2"),
    System("t0_image_clinical", AblatedCSFNet, {"scans": "t0"}, table="Table 2"),
    System("t1_image", AblatedCSFNet, {"scans": "t1", "use_clinical": False}, table="Table 2"),
    System("t1_image_clinical", AblatedCSFNet, {"scans": "t1"}, table="Table 2"),
    System("without_cmaf_clinical", AblatedCSFNet, {"use_clinical": False}, table="Table 2"),
    System("without_temporal_fusion", AblatedCSFNet, {"fusion": "mean"}, table="Table 2"),
    System("csfnet", CSFNet, table="Table 1"),
    # Beside the paper's rows of Table 2: what attention is worth, and the printed form of it.
    System("uniform_attention", CSFNet, {"attention": "uniform"}, table="Table 2"),
    System("published_attention", CSFNet, {"attention": "published"}, table="Table 2"),
    # Med-ST's encoder in CSF-Net and a probe of it, each pre-trained and from random weights.
    System("csfnet_medst", MedSTCSFNet, config="medst", compared_with="csfnet_medst_scratch"),
    System("csfnet_medst_scratch", MedSTCSFNet, config="medst"),
    System("medst_probe", MedSTProbe, config="medst", compared_with="medst_probe_scratch"),
    System("medst_probe_scratch", MedSTProbe, config="medst"),
)
SYSTEMS: dict[str, System] = {system.name: system for system in _SYSTEMS}
"""Every system by its name. A new baseline is one more entry above."""

PAPER_SYSTEMS: tuple[str, ...] = tuple(system.name for system in _SYSTEMS if system.table)
"""The rows of the paper's Table 1 and Table 2, with two of ours on attention in the second."""

# Networks of real nodules are fitted by a study of their own, not as systems of the benchmark.
_FURTHER: tuple[type[Network], ...] = (NoduleNetwork, FollowUpNoduleNetwork, Ensemble)
_NETWORKS: dict[str, type[Network]] = {
    network.__name__: network for network in (*(system.network for system in _SYSTEMS), *_FURTHER)
}


# Arguments that came later, and what every network of before was; architectures that carry them are of a later version.
FORMER_ARGUMENTS: dict[str, dict[str, Plain]] = {
    "CSFNet": {"attention": "published", "blur": True},
    **{name: {"attention": "published"} for name in ("OneScanWithClinical", "WithoutTemporalFusion", "MedSTCSFNet")},
}

FORMER_ABLATIONS: dict[str, dict[str, Plain]] = {
    "OneScanImage": {"use_clinical": False},
    "OneScanWithClinical": {},
    "WithoutClinical": {"use_clinical": False},
    "WithoutTemporalFusion": {"fusion": "mean"},
}


def complete_architecture(architecture: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return a stored architecture with the arguments that its version did not have yet, as networks then were.

    The ablations of 0.1.0, a class each, get the name and the arguments of the one that took their place. An ensemble's
    members are completed, too. Without this, weights of before would get the default of today.
    """
    complete = dict(architecture)
    for name, value in FORMER_ARGUMENTS.get(str(architecture.get("name")), {}).items():
        complete.setdefault(name, value)
    ablation = FORMER_ABLATIONS.get(str(complete.get("name")))
    if ablation is not None:
        complete["scans"] = complete.pop("scan", "both")
        complete |= {"name": AblatedCSFNet.__name__, **ablation}
    members = complete.get("members")
    if isinstance(members, list):
        complete["members"] = [
            complete_architecture(member) if isinstance(member, dict) else member for member in members
        ]
    return complete


def sees_clinical(architecture: Mapping[str, Plain]) -> bool:
    """Tell whether clinical values can change the answer of a network, from its architecture alone."""
    members = architecture.get("members")
    if isinstance(members, list):
        return any(sees_clinical(member) for member in members if isinstance(member, dict))
    network = _NETWORKS.get(str(architecture.get("name")), Network)
    return network.takes_clinical and bool(architecture.get("use_clinical", True))


def create_network(architecture: Mapping[str, Plain]) -> Network:
    """Make a network from plain values, as :meth:`Network.architecture` gives them and a checkpoint carries them.

    Args:
        architecture: the class under ``name``, and any of its constructor's arguments.

    Raises:
        ValueError: there is no network of that name, or it does not take those arguments.
    """
    arguments = dict(architecture)
    name = arguments.pop("name", None)
    if name not in _NETWORKS:
        raise ValueError(f"there is no network called {name!r}, expected one of {', '.join(sorted(_NETWORKS))}")
    makes_members = {"create": create_network} if name == Ensemble.__name__ else {}
    try:
        return _NETWORKS[str(name)](**arguments, **makes_members)
    except TypeError as error:
        raise ValueError(f"network {name} cannot be made from {arguments}: {error}") from error


def create_system(
    system: str,
    width: float = 1.0,
    roi_size: Sequence[int] = ROI_SIZE,
    arguments: Mapping[str, Plain] | None = None,
) -> Network:
    """Make the network of a system.

    Args:
        system: a key of :data:`SYSTEMS`.
        width: factor on the channels of the convolutions; 0.125 trains on a CPU.
        roi_size: (D, H, W) of the ROIs in voxels.
        arguments: further constructor arguments, over those of the system.

    Raises:
        BundleError: there is no such system.
        ValueError: its network does not take the arguments.
    """
    return create_network({**system_architecture(system, width, roi_size), **(arguments or {})})


def system_architecture(system: str, width: float = 1.0, roi_size: Sequence[int] = ROI_SIZE) -> dict[str, Plain]:
    """Return the architecture of a system, for :func:`create_network`; arguments as of :func:`create_system`.

    Raises:
        BundleError: there is no such system.
    """
    if system not in SYSTEMS:
        raise BundleError(f"there is no system {system!r}", record="system", remedy=f"Choose of {', '.join(SYSTEMS)}.")
    row = SYSTEMS[system]
    offered: dict[str, Plain] = {
        "width": width,
        "widths": [[scale_channels(channels, width) for channels in stage] for stage in WIDTHS],
        "roi_size": list(roi_size),
    }
    accepted = inspect.signature(row.network).parameters
    fitting = {name: value for name, value in offered.items() if name in accepted}
    return {"name": row.network.__name__, **row.arguments, **fitting}
