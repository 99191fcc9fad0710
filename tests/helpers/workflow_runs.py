"""Running the bundle's workflows: in this process for speed, as a user's command where that is the point."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigWorkflow, create_workflow
from monai.engines import Trainer

from csfnet_bundle.training import TrainingSession

REPOSITORY = Path(__file__).resolve().parents[2]
TRAIN = ["train.json", "cpu_demo.json"]
EVALUATE = ["train.json", "evaluate.json"]
TINY = {"network_arguments#widths": [[4], [4], [8]], "train#trainer#max_epochs": 2, "num_workers": 0}
"""The smallest network of this kind: what is tested is the run, not what it learns."""


PLAIN = {"inference": {"clicks": False, "measure": False}}
"""Switched off where a test does not ask for it: measuring a pair costs five processor-seconds."""


def make_workflow(run_id: str, config_files: list[str], **override: Any) -> ConfigWorkflow:
    """Return a workflow of the bundle, initialized; inference neither measures nor moves the click unless asked to."""
    return create_workflow(
        config_file=[str(REPOSITORY / "configs" / name) for name in config_files],
        workflow_type="infer" if run_id == "inference" else "train",
        run_id=run_id,
        logging_file=False,
        **{"bundle_root": str(REPOSITORY), **PLAIN.get(run_id, {}), **override},
    )


def command(run_id: str, config_files: list[str], **override: Any) -> list[str]:
    """Return the words of the command that a user would type."""
    files = ",".join(f"'configs/{name}'" for name in config_files)
    options = [f"--{name}={value}" for name, value in override.items()]
    return [sys.executable, "-m", "monai.bundle", "run", run_id, "--config_file", f"[{files}]", *options]


def start(words: list[str]) -> subprocess.Popen[str]:
    """Start a command in the repository's root, its output in one pipe."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return subprocess.Popen(
        words, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


PATIENCE_S = 240
"""For one command of a test, on a machine that does other work too."""


def epochs_done(folder: Path) -> int:
    """Return how many epochs the training in a folder has behind it, by the state that it would go on from."""
    state = folder / "training_state.pt"
    return int(torch.load(state, weights_only=True)["epoch"]) if state.is_file() else 0


def kill_in_its_middle(train: Callable[[], object], folder: Path, epochs: int) -> None:
    """Kill -9 a training of so many epochs, in a process forked for it, as soon as the first one's state is written."""
    cut = multiprocessing.get_context("fork").Process(target=_train_until_killed, args=(train,))
    cut.start()
    cut.join(PATIENCE_S)
    assert cut.exitcode == -signal.SIGKILL, "the run was not killed"
    assert 1 == epochs_done(folder) < epochs


def _train_until_killed(train: Callable[[], object]) -> None:
    """Train in a process that kills itself: another one would come too late where the machine is busy."""
    save = TrainingSession._save

    def save_and_die(self: TrainingSession, trainer: Trainer) -> None:
        save(self, trainer)
        if trainer.state.epoch:
            os.kill(os.getpid(), signal.SIGKILL)

    TrainingSession._save = save_and_die  # type: ignore[method-assign]
    train()
