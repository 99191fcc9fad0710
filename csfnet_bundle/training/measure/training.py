"""From LIDC's folder to the trained network's file."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.training.measure.batches import Sampler
from csfnet_bundle.training.measure.boxes import LABELS, MODES, box_cube, read_box, read_rows, unpack_boxes
from csfnet_bundle.training.measure.drawn import drawn_cube, shares
from csfnet_bundle.training.measure.examples import Examples, cached_examples
from csfnet_bundle.training.measure.folds import FOLDS, held_out
from csfnet_bundle.training.measure.loop import Run, state_path, train
from csfnet_bundle.training.measure.weights import write_weights

STEPS = 10_000
"""An hour on two free cores; the loss still falls after 2,600."""
DRAWN = 600
"""Drawn nodules: as many as LIDC has volumes, about."""
ALL = "all"


def file_name(fold: int | None) -> str:
    """Return how the network of a fold is called, or that of all patients."""
    return "measure.ts" if fold is None else f"measure_fold_{fold}.ts"


@dataclass(frozen=True)
class Training:
    """What is trained.

    Attributes:
        data: LIDC's folder: ``labels.csv`` and the volumes, packed or not.
        out: folder for examples and states.
        steps: of the optimizer.
        fold: 0 to 4: the fifth of the patients that is held out; None: nobody is.
        seed: of weights and batches.
        bfloat16: see :class:`csfnet_bundle.training.measure.loop.Run`.
    """

    data: Path
    out: Path
    steps: int = STEPS
    fold: int | None = None
    seed: int = 0
    bfloat16: bool = False

    @property
    def run(self) -> Run:
        """The run of the loop."""
        name = ALL if self.fold is None else f"fold_{self.fold}"
        return Run(name, self.steps, self.seed, self.bfloat16, _sha256(self.data / LABELS))


def train_measure(training: Training, path: Path) -> None:
    """Train the network, or go on with it, and write its file.

    Args:
        training: what to train.
        path: of the TorchScript file to write.

    Raises:
        BundleError: data that are not there or not as expected, or a state of other settings.
    """
    if training.fold is not None and training.fold not in range(FOLDS):
        raise BundleError(f"fold is {training.fold}, expected 0 to {FOLDS - 1}, or none to train on all patients")
    if training.steps < 1:
        raise BundleError(f"steps is {training.steps}, expected a number above 0")
    boxes, drawn = prepare(training.data, training.out)
    patients = {row.patient for row in boxes.rows}
    left_out = set() if training.fold is None else held_out(patients, training.fold)
    trained_on = boxes.without_patients(left_out)
    if not trained_on.rows:
        raise BundleError(f"fold {training.fold} holds out every patient", record=str(training.data))
    network = train(training.run, Sampler(trained_on, drawn, training.seed), training.out)
    state = torch.load(state_path(training.out, training.run.name), map_location="cpu", weights_only=True)
    write_weights(
        path,
        network,
        {
            "run": asdict(training.run),
            "seconds": round(state["seconds"]),
            "steps_without_finite_gradient": state["skipped"],
            "volumes": len(trained_on.rows),
            "patients": len(patients - left_out),
            "held_out_fold": training.fold,
            "held_out_patients": len(left_out),
            "drawn_nodules": len(drawn.rows),
            "labels_sha256": _sha256(training.data / LABELS),
            "date": time.strftime("%Y-%m-%d"),
        },
    )


def prepare(data: Path, out: Path) -> tuple[Examples, Examples]:
    """Return the readers' nodules and the drawn ones, made once and kept in ``out``."""
    rows = read_rows(data)
    digest = _sha256(data / LABELS)
    folder = unpack_boxes(data, out / "volumes")
    boxes = cached_examples(
        out, "boxes", len(rows), lambda number: box_cube(read_box(folder, rows[number]), number), [digest, *MODES]
    )
    return boxes, cached_examples(out, "drawn", DRAWN, drawn_cube, shares())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
