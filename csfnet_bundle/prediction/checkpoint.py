"""The model checkpoint: weights with all that is needed to use them right."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from csfnet_bundle.core.bundle_root import MODELS, bundle_of, bundle_root
from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import complete_architecture, create_network, sees_clinical
from csfnet_bundle.prediction.seen_patients import told_patients
from csfnet_bundle.prediction.weights_file import WEIGHTS, description_path, read_weights, to_bytes, write_weights
from csfnet_bundle.records import FollowUpPair

logger = logging.getLogger(__name__)

FORMAT = "csfnet_bundle.model/2"
ONE_FILE = "csfnet_bundle.model/1"
"""Format of version 0.1: one file, without a code book."""
MODEL_NAME = "model.pt"
STATE_NAME = "training_state.pt"
"""Of an interrupted training: what it resumes from."""
LABEL, OPINION = "label", "radiologists' opinion"
"""Key and value in the provenance of weights whose labels are no proven diagnosis."""
FOLLOW_UP_PART, SIMULATED = "follow_up_part", "simulated change"
"""Key in the provenance, and the value written there now, of weights whose part that compares both scans saw no
patient's follow-up, and whose temperature and threshold come from answers to one scan."""
PAIR_CAVEAT = (
    "Opinion on t1 plus a follow-up part trained on simulated change. Calibration and threshold come from single "
    "scans and do not hold for pairs."
)
"""What such weights' number for a pair is; stands beside it wherever it is told."""
ATTENTION_SELECTS = "attention_selects"
"""Key in the provenance: true for weights whose training required the attention to select (docs/attention.md)."""
CODE_BOOK_DIGEST = "code_book_sha256"
"""Key of the code book's digest in model.json: an edited code book would change answers without a word."""
DICTIONARIES = ("architecture", "roi", "decision", "provenance")
"""Parts of the description that are JSON objects."""
FIRST_VARIABLES = ("race", "cigsmok", "gender", "age", "scr_res0", "scr_iso0")
FIRST_CODE_BOOK = "0906e7c9908d989a05b1fbdda51c78885347253336b0f7dea3585ea84b094dbb"
"""The clinical variables of version 0.1, and the digest of their codes: what weights without a code book were trained
on."""


@dataclass(frozen=True)
class ModelCheckpoint:
    """A network's weights and what they were made for.

    Attributes:
        weights: the network's state dictionary, on the CPU.
        architecture: ``name`` and constructor arguments of the network, plain values.
        roi: the ROI that the network was trained on; pre-processing follows it.
        code_book: the clinical code book that the network was trained on; clinical values are encoded by it.
        decision: temperature and threshold, chosen on validation pairs.
        provenance: what the weights were trained on, by which version, epoch, metrics; plain values.
        further: what else model.json holds, plain values; kept as it is when the checkpoint is written again.
        source: what errors name as the place: the file it was read from.
    """

    weights: Mapping[str, torch.Tensor]
    architecture: Mapping[str, Any]
    roi: RoiSettings
    code_book: CodeBook
    decision: Decision
    provenance: Mapping[str, Any]
    further: Mapping[str, Any] = field(default_factory=dict)
    source: str = "checkpoint"

    @property
    def trained_on(self) -> str:
        """What the weights were trained on, in words."""
        return str(self.provenance.get("trained_on", "unknown data"))

    @property
    def phantoms(self) -> bool:
        """Whether the weights were trained on phantoms."""
        return bool(self.provenance.get("phantom", False))

    @property
    def pair_caveat(self) -> str:
        """What must be said of the number for a pair, and not of one for t1 alone; empty for most weights."""
        return PAIR_CAVEAT if self.provenance.get(FOLLOW_UP_PART) else ""

    @property
    def attention_selects(self) -> bool:
        """Whether training required the attention to select a place; false where the provenance does not say so."""
        return self.provenance.get(ATTENTION_SELECTS) is True

    @property
    def sees_clinical(self) -> bool:
        """Whether clinical values can change the answer."""
        return sees_clinical(self.architecture)

    def caveat(self, pair: FollowUpPair) -> str:
        """Return what must be said of the number for this record; empty for most."""
        return "" if pair.t0 is None else self.pair_caveat

    @property
    def seen_patients(self) -> list[Mapping[str, Any]]:
        """Lists of the patients that the weights, and those they started from, were trained on; perhaps none."""
        return told_patients({"provenance": self.provenance, **self.further})

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

    def description(self) -> dict[str, Any]:
        """Return what model.json holds besides the digest of model.pt, plain values."""
        return {
            "format": FORMAT,
            "architecture": dict(self.architecture),
            "roi": self.roi.to_plain(),
            "code_book": self.code_book.to_plain(),
            CODE_BOOK_DIGEST: self.code_book.digest,
            "decision": self.decision.to_plain(),
            "provenance": dict(self.provenance),
            **self.further,
        }

    def to_bytes(self) -> tuple[bytes, bytes]:
        """Return the content of model.pt and of model.json."""
        return to_bytes(self.weights, self.description())

    def save(self, path: str | Path) -> None:
        """Write the weights to ``path``, a plain state dictionary, and beside it the ``.json`` that describes them."""
        write_weights(path, self.weights, self.description())


def load_checkpoint(path: str | Path) -> ModelCheckpoint:
    """Read a model checkpoint; nothing but tensors and plain values is unpickled.

    Args:
        path: the weights; their description is the file of that name that ends with ``.json``. A single file of
            version 0.1 is read, too.

    Raises:
        BundleError: no such file, a damaged one, no checkpoint of this bundle, one of another format, or two files that
            do not belong together.
    """
    path = Path(path)
    remedy = "Train one with `python -m monai.bundle run training --config_file configs/train.json`."
    if not path.is_file():
        raise BundleError(f"there is no checkpoint {path}", remedy=remedy)
    document = read_weights(path, remedy)
    found = document.get("format", "none") if isinstance(document, dict) else type(document).__name__
    if found not in (FORMAT, ONE_FILE):
        remedy = "Use a model.pt that this bundle's training wrote."
        if isinstance(document, dict) and all(isinstance(part, torch.Tensor) for part in document.values()):
            remedy = f"Put {description_path(path).name} beside it: weights alone do not tell network, ROI and codes."
        raise BundleError(f"format is {found!r}, expected {FORMAT!r}", record=str(path), remedy=remedy)
    try:
        return _parse(document, str(path))
    except BundleError as error:
        raise error if error.record.startswith(str(path)) else error.for_record(str(path)) from None


def _parse(document: dict[str, Any], source: str) -> ModelCheckpoint:
    """Make a checkpoint of a document whose format is known; raises BundleError for a part that does not fit."""
    for name in (WEIGHTS, *DICTIONARIES):
        if not isinstance(document.get(name), dict):
            raise BundleError(f"its {name!r} is {type(document.get(name)).__name__}, expected a dictionary")
    if not all(isinstance(tensor, torch.Tensor) for tensor in document[WEIGHTS].values()):
        raise BundleError("its 'model' holds what is no tensor")
    code_book = _first_code_book() if document["format"] == ONE_FILE else _code_book(document)
    known = {"format", WEIGHTS, "code_book", CODE_BOOK_DIGEST, *DICTIONARIES}
    checkpoint = ModelCheckpoint(
        weights=document[WEIGHTS],
        architecture=complete_architecture(document["architecture"]),
        roi=RoiSettings.from_plain(document["roi"]),
        code_book=code_book,
        decision=Decision.from_plain(document["decision"]),
        provenance=document["provenance"],
        further={name: part for name, part in document.items() if name not in known},
        source=source,
    )
    for vocabulary in vocabularies(checkpoint.architecture):
        if vocabulary != list(code_book.sizes):
            raise BundleError(
                f"its code book has {list(code_book.sizes)} tokens for {', '.join(code_book.names)}, its network "
                f"{vocabulary}",
                remedy="Take model.pt and model.json from one training.",
            )
    return checkpoint


def vocabularies(architecture: Mapping[str, Any]) -> Iterator[list[int]]:
    """Yield the number of tokens of each clinical variable that a network has, for each network of an ensemble."""
    members = architecture.get("members")
    for member in members if isinstance(members, list) else [architecture]:
        if isinstance(member, Mapping) and isinstance(member.get("clinical_vocabulary"), list):
            yield member["clinical_vocabulary"]


def _code_book(document: Mapping[str, Any]) -> CodeBook:
    """Return the code book of a checkpoint; raises BundleError if it is not the one that was written."""
    code_book = CodeBook.from_plain(document.get("code_book"))
    if document.get(CODE_BOOK_DIGEST) != code_book.digest:
        raise BundleError(
            f"its code book is not the one that the weights were trained on, whose SHA-256 is {CODE_BOOK_DIGEST}",
            remedy="Take back the model.json that training wrote.",
        )
    return code_book


def _first_code_book() -> CodeBook:
    """Return the code book of version 0.1, which wrote none; raises BundleError if this installation has it no more."""
    try:
        code_book = nlst_code_book().only(FIRST_VARIABLES)
    except KeyError as error:
        problem = f"has no {error.args[0]}"
    else:
        if code_book.digest == FIRST_CODE_BOOK:
            return code_book
        problem = "has other codes"
    raise BundleError(
        f"it is of version 0.1, which stored no code book, and nlst_codes.json has changed since: it {problem}",
        remedy="Read it with an unchanged nlst_codes.json and save it again, or train again.",
    )


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


def shipped_model(bundle_root: str | Path) -> Path:
    """Return the model that comes with the bundle in ``bundle_root``.

    A workflow may be started in any folder: where that is no bundle, it is the bundle of this package.
    """
    return bundle_of(bundle_root) / MODELS / MODEL_NAME


def named_weights(path: str | Path) -> Path:
    """Return the file of that name, or the bundle's where there is none: ``models/nodules/model.pt`` in any folder."""
    path = Path(path)
    return path if path.is_file() or not (bundle_root() / path).is_file() else bundle_root() / path


def find_checkpoint(output_dir: str | Path, bundle_root: str | Path) -> Path:
    """Return the model of one's own training in ``output_dir``, or else the one that comes with the bundle.

    Which weights are taken, and what they were trained on, goes to the log.
    """
    own = Path(output_dir) / MODEL_NAME
    path = own if own.is_file() else shipped_model(bundle_root)
    checkpoint = load_checkpoint(path)
    logger.info("weights: %s (trained on: %s)", path, checkpoint.trained_on)
    return path


def _short(architecture: Mapping[str, Any]) -> str:
    return f"{architecture.get('name')}, widths {architecture.get('widths', 'not given')}"
