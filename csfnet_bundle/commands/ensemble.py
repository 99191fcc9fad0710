"""``ensemble``: several trained networks as one checkpoint."""

from __future__ import annotations

import re
from pathlib import Path

from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import require_new

FIT = re.compile(r"fold\d+_seed\d+")
"""Folders of a benchmark's fits; those of permuted labels have more in their names."""


def ensemble(out: Path, members: Words = (), run: Path | None = None, system: str = "csfnet") -> None:
    """Join checkpoints, by name or those of a benchmark's folds, into one: the mean of their calibrated probabilities.

    The result is used as any other checkpoint: --checkpoint of predict, --checkpoint_path of inference. Where folds are
    joined, every patient of their cohort was trained on by some of them: predict other patients with it.

    Args:
        out: the checkpoint to write; must not exist.
        members: checkpoints, separated by commas.
        run: folder of a benchmark run, instead of members.
        system: which of the run's systems.

    Examples:
        csfnet ensemble --members fold0/model.pt,fold1/model.pt --out ensemble.pt
        csfnet ensemble --run output/benchmark --system csfnet --out ensemble.pt
    """
    from csfnet_bundle.prediction.checkpoint import load_checkpoint
    from csfnet_bundle.prediction.joined_checkpoint import ensemble_checkpoint
    from csfnet_bundle.prediction.weights_file import description_path

    path = out
    for file in (path, description_path(path)):
        require_new(file)
    named = [Path(member) for member in members]
    if bool(named) == (run is not None):
        raise BundleError("expected either --members or --run", remedy="See `ensemble --help`.")
    paths = named if run is None else _fits(run, system)
    checkpoint = ensemble_checkpoint([load_checkpoint(member) for member in paths])
    checkpoint.save(path)
    print(f"{path}: {len(paths)} networks, trained on {checkpoint.trained_on}")
    for member in paths:
        print(f"  {member}")


def _fits(run: Path, system: str) -> list[Path]:
    """Return the models of a benchmark's folds and seeds."""
    from csfnet_bundle.prediction.checkpoint import MODEL_NAME

    folder = run / "fits" / system
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    models = [fit / MODEL_NAME for fit in found if FIT.fullmatch(fit.name) and (fit / MODEL_NAME).is_file()]
    if not models:
        raise BundleError(f"there are no trained folds in {folder}", remedy="Name a benchmark's folder by --run.")
    return models
