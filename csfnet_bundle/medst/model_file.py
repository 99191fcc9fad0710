"""The files that a pre-training leaves: weights, and beside them architecture, word pieces, ROI, and their training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import torch
from ignite.engine import Events
from monai.engines import Evaluator, Trainer

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError, in_one_line
from csfnet_bundle.medst.data import describe_dataset, is_csv, texts_digest
from csfnet_bundle.medst.network import PretrainingNetwork
from csfnet_bundle.medst.sequences import StudySequence
from csfnet_bundle.medst.tokenizer import SentenceTokenizer
from csfnet_bundle.medst.views import StudyViews
from csfnet_bundle.prediction.checkpoint import MODEL_NAME
from csfnet_bundle.prediction.data import DataDescription
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, check_unseen, remember_patients
from csfnet_bundle.prediction.weights_file import WEIGHTS, read_weights, write_weights
from csfnet_bundle.training.fingerprint import describe
from csfnet_bundle.training.transfer import Transfer

FORMAT = "csfnet_bundle.medst/2"
ONE_FILE = "csfnet_bundle.medst/1"
"""Of version 0.1, which wrote one file with all in it."""
KEPT_EPOCHS = "epochs"
REMEDY = "Make one with `python -m monai.bundle run training --config_file configs/medst_pretrain.json`."


@dataclass(frozen=True)
class Pretrained:
    """A pre-trained network with all that is needed to use it right.

    Attributes:
        network: in evaluation mode, on the CPU.
        tokenizer: of its text model.
        roi: plain values of the ROI that it was trained on.
        fields: columns of the screening record that its texts came from.
        provenance: what it was trained on, and under ``pretraining`` the hash of the settings, steps and epoch, which
            follow the weights into whatever starts from them; plain values.
        tell_changes: its texts of follow-ups told the change.
    """

    network: PretrainingNetwork
    tokenizer: SentenceTokenizer
    roi: dict[str, Any]
    fields: tuple[str, ...]
    provenance: dict[str, Any]
    tell_changes: bool = False

    @property
    def size(self) -> str:
        """The network's size."""
        return str(self.network.architecture()["size"])

    @property
    def views(self) -> list[str]:
        """The names of its views."""
        return list(self.network.architecture()["views"])

    def study_views(self, cache_dir: str | Path | None = None) -> StudyViews:
        """Return what gives views as this network was trained on."""
        slab, field = (self.network.architecture()[name] for name in ("slab", "field"))
        return StudyViews(self.views, self.size, self.roi, cache_dir, slab=slab, field=field)


def load_pretrained(path: str | Path) -> Pretrained:
    """Read the files of a pre-training; nothing but tensors and plain values is unpickled.

    Raises:
        BundleError: no such file, a damaged one, or another kind of file.
    """
    path = Path(path)
    if not path.is_file():
        raise BundleError(f"there is no pre-trained model {path}", remedy=REMEDY)
    document = read_weights(path, REMEDY)
    if not isinstance(document, dict) or document.get("format") not in (FORMAT, ONE_FILE):
        raise BundleError(f"it is no file of a pre-training (format {FORMAT})", record=str(path), remedy=REMEDY)
    try:
        network = PretrainingNetwork(**document["architecture"])
        network.load_state_dict(document[WEIGHTS])
        tokenizer = SentenceTokenizer(document["tokenizer"])
        roi, fields, provenance = document["roi"], tuple(document["fields"]), document["provenance"]
    except Exception as error:  # of torch, transformers or tokenizers, which have no common base
        raise BundleError(
            f"its parts do not fit together: {in_one_line(error)}", record=str(path), remedy=REMEDY
        ) from None
    return Pretrained(network.eval(), tokenizer, roi, fields, provenance, bool(document.get("tell_changes", False)))


class BestPretraining:
    """Writes ``output_dir/model.pt`` and ``model.json`` whenever the validation's objective improves.

    Args:
        network: the network itself.
        tokenizer: of its text model.
        roi: the ROI's plain values.
        fields: columns of the screening record that become text.
        sequences: those that are trained on; the file tells whose they are.
        dataset: what is trained on.
        output_dir: where ``model.pt`` goes.
        settings: all that the weights depend on besides the network; their hash goes into the file.
        tell_changes: texts of follow-ups tell the change.
        transfer: the pre-training that this one starts from, if any; the file tells its patients as well.
        remember_patients: whether the file lists the training patients, by salted hashes; None does so where the
            cohort is public.
        keep_every: besides, every so many epochs the weights go to ``output_dir/epochs/NUMBER/model.pt``, for read-outs
            over the course of the training; 0 keeps none.

    Raises:
        BundleError: the weights that this starts from have seen patients whom the cohort holds out, or ``keep_every``
            is below 0.
    """

    def __init__(
        self,
        network: PretrainingNetwork,
        tokenizer: SentenceTokenizer,
        roi: Mapping[str, Any],
        fields: Sequence[str],
        sequences: Sequence[StudySequence],
        dataset: str | Path,
        output_dir: str | Path,
        settings: Mapping[str, object],
        tell_changes: bool = False,
        transfer: Transfer | None = None,
        remember_patients: bool | None = None,
        keep_every: int = 0,
    ) -> None:
        if keep_every < 0:
            remedy = "Name a number of epochs, or 0 to keep none besides the best."
            raise BundleError(f"it is {keep_every}, expected 0 or more", record="keep_every", remedy=remedy)
        before = [] if transfer is None else list(transfer.seen_patients)
        if transfer is not None and not is_csv(dataset):
            check_unseen(before, dataset, transfer.source)
        self._tell_changes, self._keep_every = tell_changes, keep_every
        self.path = Path(output_dir) / MODEL_NAME
        self.history: list[dict[str, Any]] = []
        self._network, self._tokenizer = network, tokenizer
        self._data, self._texts_sha256 = describe_dataset(dataset), texts_digest(dataset)
        self._roi, self._fields = dict(roi), [] if is_csv(dataset) else list(fields)
        self.config_sha256 = settings_hash({**settings, "network": network.architecture()})
        own = [_patients(sequences, self._data, dataset)] if self._data.lists_patients(remember_patients) else []
        self._seen = [*own, *before]
        self._trainer: Trainer | None = None

    def follow(self, trainer: Trainer) -> None:
        """Count the steps of this trainer."""
        self._trainer = trainer

    def attach(self, evaluator: Evaluator) -> None:
        """Attach to the evaluator that validates; after its own comparison of the key metric."""
        evaluator.add_event_handler(Events.COMPLETED, self._validated)

    def _validated(self, evaluator: Evaluator) -> None:
        state = evaluator.state
        score = float(state.metrics[state.key_metric_name])
        if score != score:
            raise BundleError(
                f"training diverged: at epoch {state.epoch} the objective is no number",
                record=str(self.path.parent),
                remedy="Lower optimizer#lr, or switch amp off. The best model of the earlier epochs stays.",
            )
        epoch = int(state.epoch)
        self.history.append({"epoch": epoch, "validation_loss": -score})
        if idist.get_rank() != 0:
            return
        if state.best_metric_epoch == state.epoch:
            self._save(self.path, epoch, -score)
        if self._keep_every and epoch % self._keep_every == 0:
            self._save(kept_epoch(self.path.parent, epoch), epoch, -score)

    def _save(self, path: Path, epoch: int, loss: float) -> None:
        data = self._data
        steps = self._trainer.state.iteration if self._trainer is not None else 0
        document = {
            "format": FORMAT,
            "architecture": self._network.architecture(),
            "tokenizer": self._tokenizer.to_json(),
            "roi": self._roi,
            "fields": self._fields,
            "tell_changes": self._tell_changes,
            "provenance": {
                "trained_on": f"{data.name}, training patients (Med-ST pre-training)",
                "phantom": data.phantom,
                "datalist_sha256": data.datalist_sha256,
                "texts_sha256": self._texts_sha256,
                "pretraining": {
                    "config_sha256": self.config_sha256,
                    "steps": int(steps),
                    "epoch": epoch,
                    "size": self._network.architecture()["size"],
                },
                **({SEEN_PATIENTS: self._seen} if self._seen else {}),
                "validation_loss": loss,
                "bundle_version": __version__,
                "torch_version": str(torch.__version__),
            },
        }
        write_weights(path, self._network.state_dict(), document)


def kept_epoch(output_dir: Path, epoch: int) -> Path:
    """Return where ``keep_every`` puts the weights of an epoch."""
    return output_dir / KEPT_EPOCHS / f"{epoch:04d}" / MODEL_NAME


def _patients(sequences: Sequence[StudySequence], data: DataDescription, dataset: str | Path) -> dict[str, Any]:
    """Return the list of the patients; a CSV does not say whose they are, and is compared with every cohort."""
    cohort = None if is_csv(dataset) else data.patients_of
    return remember_patients((sequence.patient for sequence in sequences), cohort)


def settings_hash(settings: Mapping[str, object]) -> str:
    """Return the SHA-256 of settings of any kind, hexadecimal."""
    plain = {name: describe(value) for name, value in settings.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()
