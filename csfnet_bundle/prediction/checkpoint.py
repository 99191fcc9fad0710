"""The model checkpoint: weights with all that is needed to use them right, as tensors and plain values."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.evaluation.threshold import Decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import create_network

logger = logging.getLogger(__name__)

FORMAT = "csfnet_bundle.model/1"
MODEL_NAME = "model.pt"
STATE_NAME = "training_state.pt"
"""Of an interrupted training: what it resumes from."""


@dataclass(frozen=True)
class ModelCheckpoint:
    """A network's weights and what they were made for.

    Attributes:
        weights: the network's state dictionary, on the CPU.
        architecture: ``name`` and constructor arguments of the network, plain values.
        roi: the ROI that the network was trained on; pre-processing follows it.
        decision: temperature and threshold, chosen on validation pairs.
        provenance: what the weights were trained on, by which version, epoch, metrics; plain values.
        source: what errors name as the place: the file it was read from.
    """

    weights: Mapping[str, torch.Tensor]
    architecture: Mapping[str, Any]
    roi: RoiSettings
    decision: Decision
    provenance: Mapping[str, Any]
    source: str = "checkpoint"

    @property
    def trained_on(self) -> str:
        """What the weights were trained on, in words."""
        return str(self.provenance.get("trained_on", "unknown data"))

    def create_network(self) -> torch.nn.Module:
        """Build the network of this checkpoint and load its weights into it.

        Raises:
            BundleError: this version has no such network, or the weights are not of that architecture.
        """
        try:
            network = create_network(self.architecture)
        except (ValueError, TypeError, RuntimeError) as error:
            raise BundleError(
                f"no network can be made from its architecture: {error}",
                record=self.source,
                remedy="Use the version of this bundle that trained it, or train again.",
            ) from None
        load_weights(network, self)
        return network

    def save(self, path: str | Path) -> None:
        """Write the checkpoint in one step; the file loads with ``weights_only=True``."""
        document = {
            "format": FORMAT,
            "model": {name: tensor.detach().cpu() for name, tensor in self.weights.items()},
            "architecture": dict(self.architecture),
            "roi": self.roi.to_plain(),
            "decision": self.decision.to_plain(),
            "provenance": dict(self.provenance),
        }
        with atomic_path(Path(path)) as temporary:
            torch.save(document, temporary)


def load_checkpoint(path: str | Path) -> ModelCheckpoint:
    """Read a model checkpoint; nothing but tensors and plain values is unpickled.

    Raises:
        BundleError: no such file, a damaged one, no checkpoint of this bundle, or one of another format.
    """
    path = Path(path)
    remedy = "Train one with `python -m monai.bundle run training --config_file configs/train.json`."
    if not path.is_file():
        raise BundleError(f"there is no checkpoint {path}", remedy=remedy)
    document = read_plain(path, remedy)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format", "none") if isinstance(document, dict) else type(document).__name__
        raise BundleError(
            f"format is {found!r}, expected {FORMAT!r}",
            record=str(path),
            remedy="Use a model.pt that this bundle's training wrote.",
        )
    parts = {name: document.get(name) for name in ("model", "architecture", "roi", "decision", "provenance")}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise BundleError(f"its {name!r} is {type(part).__name__}, expected a dictionary", record=str(path))
    if not all(isinstance(tensor, torch.Tensor) for tensor in document["model"].values()):
        raise BundleError("its 'model' holds what is no tensor", record=str(path))
    try:
        roi, decision = RoiSettings.from_plain(document["roi"]), Decision.from_plain(document["decision"])
    except BundleError as error:
        raise error.for_record(str(path)) from None
    return ModelCheckpoint(
        weights=document["model"],
        architecture=document["architecture"],
        roi=roi,
        decision=decision,
        provenance=document["provenance"],
        source=str(path),
    )


def read_plain(path: Path, remedy: str) -> Any:
    """Return what ``torch.save`` wrote, tensors on the CPU; nothing but tensors and plain values is unpickled.

    Args:
        path: the file.
        remedy: what the user can do if it cannot be read.

    Raises:
        BundleError: the file is damaged, no file of torch's, or holds anything else.
    """
    try:
        with warnings.catch_warnings():
            # Damaged bytes can look like old or foreign formats, of which torch warns before it gives up.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        problem = "it is damaged, or holds more than tensors and plain values"
    except _DAMAGE as error:
        problem = f"it is damaged, or no file of torch's ({type(error).__name__})"
    raise BundleError(problem, record=str(path), remedy=remedy)


_DAMAGE = (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What ``torch.load`` raises on cut and changed files, seen by cutting and changing them."""


def load_weights(network: torch.nn.Module, checkpoint: ModelCheckpoint) -> None:
    """Load a checkpoint's weights into a network of the same architecture.

    Raises:
        BundleError: the network is another one, or of another width; the message names the first tensor that differs.
    """
    own = network.state_dict()
    missing = sorted(own.keys() - checkpoint.weights.keys())
    unknown = sorted(checkpoint.weights.keys() - own.keys())
    for name in sorted(own.keys() & checkpoint.weights.keys()):
        expected, found = tuple(own[name].shape), tuple(checkpoint.weights[name].shape)
        if expected != found:
            raise BundleError(
                f"tensor {name} has shape {found}, the network's has {expected}: the checkpoint is of another width "
                f"({_short(checkpoint.architecture)})",
                record=checkpoint.source,
                remedy="Use a checkpoint of this network, or give the network the checkpoint's widths.",
            )
    if missing or unknown:
        raise BundleError(
            f"the checkpoint is of another network ({_short(checkpoint.architecture)}): "
            f"{len(missing)} tensors missing, {len(unknown)} unknown, first {(missing + unknown)[0]}",
            record=checkpoint.source,
            remedy="Use a checkpoint of this network.",
        )
    network.load_state_dict(dict(checkpoint.weights))


def find_checkpoint(output_dir: str | Path, bundle_root: str | Path) -> Path:
    """Return the model of one's own training in ``output_dir``, or else the one that comes with the bundle.

    The bundle is ``bundle_root`` or, for a workflow that was started in another folder, the one around this package.
    Which weights are taken, and what they were trained on, goes to the log.
    """
    own = Path(output_dir) / MODEL_NAME
    shipped = Path(bundle_root) / "models" / MODEL_NAME
    beside_package = Path(__file__).resolve().parents[2] / "models" / MODEL_NAME
    path = next((path for path in (own, shipped, beside_package) if path.is_file()), shipped)
    checkpoint = load_checkpoint(path)
    logger.info("weights: %s (trained on: %s)", path, checkpoint.trained_on)
    return path


def _short(architecture: Mapping[str, Any]) -> str:
    return f"{architecture.get('name')}, widths {architecture.get('widths', 'not given')}"
