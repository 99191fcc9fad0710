"""Weights to start a training from: those of another task or width, as far as their shapes allow."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.clinical_embedding import ClinicalEmbedding
from csfnet_bundle.prediction.seen_patients import told_patients
from csfnet_bundle.prediction.weights_file import read_weights

logger = logging.getLogger(__name__)

NESTED = ("model", "state_dict", "network")
"""Keys under which checkpoints of this bundle, of MONAI's and of other trainers hold the state dictionary."""


@dataclass(frozen=True)
class Transfer:
    """What a network took over.

    Attributes:
        source: the file.
        trained_on: what its weights were trained on, as far as it says.
        sha256: of the file, hexadecimal.
        copied: names of the tensors taken over.
        left_out: tensors of the file that were not, with the reason.
        fresh: tensors of the network that keep their random start.
        pretraining: what the file tells of a pre-training: the hash of its config, its steps; empty where it has none.
        seen_patients: lists of the patients that the file's weights were trained on, empty where it tells of none.
    """

    source: str
    trained_on: str
    sha256: str
    copied: tuple[str, ...]
    left_out: Mapping[str, str]
    fresh: tuple[str, ...]
    pretraining: Mapping[str, Any]
    seen_patients: Sequence[Mapping[str, Any]]

    def to_plain(self) -> dict[str, Any]:
        """Return plain values, for a checkpoint's provenance."""
        return {
            "trained_on": self.trained_on,
            "sha256": self.sha256,
            "copied": len(self.copied),
            "left_out": dict(self.left_out),
            "fresh": list(self.fresh),
            "pretraining": dict(self.pretraining),
        }


def transfer_weights(
    network: torch.nn.Module,
    path: str | Path | None,
    roi: Mapping[str, Any] | None = None,
    code_book: CodeBook | None = None,
) -> Transfer | None:
    """Copy into the network every tensor of the checkpoint that has the name and the shape of one of its own.

    What was left out is listed in the log, tensor by tensor. A network whose weights mean something else where names
    and shapes are the same (the order of its views, for one) says so by ``must_agree``, see
    :class:`csfnet_bundle.networks.MedSTCSFNet`; what the checkpoint tells of those, and of its ROI, must be the same.

    Args:
        network: changed in place.
        path: a checkpoint of this bundle, or any state dictionary that ``torch.load`` reads with ``weights_only=True``;
            None copies nothing.
        roi: the ROI's plain values.
        code_book: by which the network's pairs are encoded; None is this installation's. The clinical embedding of a
            checkpoint with another one is left out: its rows stand for other values.

    Raises:
        BundleError: no such file, no state dictionary, nothing in it fits, or it comes from what must not differ.
    """
    if path is None:
        return None
    path = Path(path)
    remedy = "Name a checkpoint by --initial_weights, or leave it away."
    if not path.is_file():
        raise BundleError(f"there is no checkpoint {path}", record="initial_weights", remedy=remedy)
    document = read_weights(path, remedy)
    weights = _state_dictionary(document)
    if not weights:
        raise BundleError("holds no state dictionary", record=str(path), remedy=remedy)
    _check_agreement(network, document, roi, str(path))
    own = network.state_dict()
    left_out = {name: reason for name, tensor in weights.items() if (reason := _misfit(own.get(name), tensor))}
    if _other_codes(document, code_book or nlst_code_book(), str(path)):
        left_out |= dict.fromkeys(_clinical_tables(network) & weights.keys(), "its clinical code book is another one")
    copied = {name: tensor for name, tensor in weights.items() if name not in left_out}
    if not copied:
        raise BundleError(
            f"none of its {len(weights)} tensors has the name and the shape of one of the network's",
            record=str(path),
            remedy=remedy,
        )
    network.load_state_dict({**own, **copied})
    transfer = Transfer(
        source=str(path),
        trained_on=str(_told(document, "provenance").get("trained_on", "unknown")),
        sha256=weights_digest(path) or "",
        copied=tuple(copied),
        left_out=left_out,
        fresh=tuple(name for name in own if name not in copied),
        pretraining=_told(_told(document, "provenance"), "pretraining"),
        seen_patients=told_patients(document),
    )
    _log(transfer)
    return transfer


def weights_digest(path: str | Path | None) -> str | None:
    """Return the SHA-256 of a file, hexadecimal; None for None. A restarted run must start from the same weights."""
    if path is None:
        return None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if Path(path).is_file() else "no such file"


def _state_dictionary(document: object) -> dict[str, torch.Tensor]:
    """Find the tensors by name: at the top, or one level down."""
    if not isinstance(document, Mapping):
        return {}
    if all(isinstance(value, torch.Tensor) for value in document.values()):
        return dict(document)
    return next((found for key in NESTED if (found := _state_dictionary(document.get(key)))), {})


def _misfit(own: torch.Tensor | None, tensor: torch.Tensor) -> str:
    """Say why a tensor cannot be copied; empty if it can."""
    if own is None:
        return "the network has no such tensor"
    return "" if own.shape == tensor.shape else f"shape {tuple(tensor.shape)}, the network's has {tuple(own.shape)}"


def _told(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of what a checkpoint of this bundle tells of itself; nothing of others."""
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


@runtime_checkable
class _Described(Protocol):
    """A network that tells what it was made of: one of the systems, or a pre-training."""

    def architecture(self) -> Mapping[str, Any]: ...


def _check_agreement(
    network: torch.nn.Module, document: Mapping[str, Any], roi: Mapping[str, Any] | None, path: str
) -> None:
    former: Mapping[str, Any] = getattr(network, "must_agree", {})
    made = network.architecture() if isinstance(network, _Described) else {}
    own = {name: made.get(name) for name in former} | ({"roi": roi} if former and roi is not None else {})
    told = _told(document, "architecture")
    # Weights of an earlier version do not tell the settings that came later.
    theirs = {**(former if told.keys() & former.keys() else {}), **told}
    theirs |= {"roi": document["roi"]} if "roi" in document else {}
    for name, value in own.items():
        if name in theirs and _plain(theirs[name]) != _plain(value):
            raise BundleError(
                f"its {name} is {_plain(theirs[name])}, that of the network which should start from it {_plain(value)}",
                record=path,
                remedy="Give both the same.",
            )


def _clinical_tables(network: torch.nn.Module) -> set[str]:
    """Return the names of the tensors that have a row for each token of a clinical variable."""
    modules = network.named_modules()
    return {
        f"{name}.table.weight".removeprefix(".") for name, module in modules if isinstance(module, ClinicalEmbedding)
    }


def _other_codes(document: Mapping[str, Any], code_book: CodeBook, path: str) -> bool:
    """Tell whether a checkpoint says of itself that its codes are others; raises BundleError if that is damaged."""
    if "code_book" not in document:
        return False
    try:
        return CodeBook.from_plain(document["code_book"]).meaning != code_book.meaning
    except BundleError as error:
        raise error.for_record(path) from None


def _plain(value: object) -> object:
    """Return tuples as lists, for a comparison and for people."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _log(transfer: Transfer) -> None:
    logger.info(
        "initial weights: %d tensors from %s (trained on: %s), %d left out, %d of the network's stay random",
        len(transfer.copied),
        transfer.source,
        transfer.trained_on,
        len(transfer.left_out),
        len(transfer.fresh),
    )
    for name, reason in transfer.left_out.items():
        logger.info("  left out: %s (%s)", name, reason)
    for name in transfer.fresh:
        logger.info("  stays random: %s", name)
