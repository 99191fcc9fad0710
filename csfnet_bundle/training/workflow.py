"""The bundle's own workflows, made in this process as ``python -m monai.bundle run`` would make them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from monai.bundle import ConfigWorkflow, create_workflow

EPOCHS = "train#trainer#max_epochs"
"""The id of the number of epochs in the configs of trainings."""


def make_workflow(run_id: str, config_files: Sequence[object], **override: Any) -> ConfigWorkflow:
    """Return a workflow; where its log goes is the caller's choice, not logging.conf's.

    Args:
        run_id: ``training``, ``evaluating`` or ``inference``.
        config_files: paths, of which later ones win.
        override: ids of the config and their values.
    """
    with warnings.catch_warnings():
        # A config is a program; these are the bundle's own.
        warnings.filterwarnings("ignore", message="parsing config_file", category=UserWarning)
        workflow: ConfigWorkflow = create_workflow(
            config_file=[str(path) for path in config_files],
            workflow_type="train" if run_id == "training" else "infer",
            run_id=run_id,
            logging_file=False,
            **override,
        )
    return workflow
