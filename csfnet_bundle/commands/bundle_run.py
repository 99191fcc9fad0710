"""What several commands need: the bundle's root, its workflows as ``python -m monai.bundle run`` would run them."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from csfnet_bundle.core.bundle_root import CONFIGS, bundle_root
from csfnet_bundle.core.error_hook import INTERRUPTED
from csfnet_bundle.core.errors import BundleError

__all__ = ["CONFIGS", "bundle_root", "chosen_weights", "run_command", "run_workflow", "words"]

OWN_TRAINING = "output/csfnet"
"""Where configs/train.json puts the weights of one's own training."""


def chosen_weights(checkpoint: Path | None) -> Path:
    """Return the weights to predict with: those given, else one's own training's, else the bundle's.

    A name like ``models/nodules/model.pt`` is that of the bundle's file where the current folder has none.
    """
    from csfnet_bundle.prediction.checkpoint import find_checkpoint, named_weights

    if checkpoint is not None:
        return named_weights(checkpoint)
    return find_checkpoint(bundle_root() / OWN_TRAINING, bundle_root())


def words(option: str | Sequence[object]) -> list[str]:
    """Return the parts of ``A,B,C``; Fire, which the scripts use, makes a list of plain words itself."""
    parts = option.split(",") if isinstance(option, str) else [str(part) for part in option]
    return [part.strip() for part in parts if part.strip()]


def run_command(run_id: str, config_file: str, *options: str) -> None:
    """Print and run ``python -m monai.bundle run``, as a user would type it, in the bundle's root.

    Args:
        run_id: ``training``, ``evaluating`` or ``inference``.
        config_file: as for ``--config_file``.
        options: ``--id=value``.

    Raises:
        BundleError: the command failed; it has printed why.
        KeyboardInterrupt: Ctrl-C ended it.
    """
    command = ["-m", "monai.bundle", "run", run_id, "--config_file", config_file, *options]
    print("$ python " + " ".join(f'"{word}"' if "[" in word else word for word in command), flush=True)
    status = subprocess.run([sys.executable, *command], cwd=bundle_root(), check=False).returncode
    if status in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if status:
        raise BundleError(f"{run_id} ended with status {status}", remedy="What it printed says why; start again.")


def run_workflow(run_id: str, config_files: list[str], **override: Any) -> None:
    """Run a workflow of the bundle in this process; where its log goes is the caller's choice, not logging.conf's.

    Args:
        run_id: ``training``, ``evaluating`` or ``inference``.
        config_files: names in configs/.
        override: ids of the config and their values.
    """
    from csfnet_bundle.training.workflow import make_workflow

    root = bundle_root()
    for name in ("scripts", "workflows"):
        logging.getLogger(f"monai.bundle.{name}").setLevel(logging.ERROR)
    files = [root / CONFIGS / name for name in config_files]
    workflow = make_workflow(run_id, files, bundle_root=str(root), **override)
    workflow.run()
    workflow.finalize()
