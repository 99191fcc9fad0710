"""Run the bundle's own workflows from a command, as ``python -m monai.bundle run`` would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.bundle import create_workflow

import csfnet_bundle
from csfnet_bundle.errors import BundleError

CONFIGS = "configs"


def bundle_root() -> Path:
    """Return the bundle's root: the folder that holds configs/ and models/ beside the package.

    Raises:
        BundleError: the package lies somewhere without its bundle.
    """
    root = Path(csfnet_bundle.__file__).resolve().parent.parent
    if not (root / CONFIGS / "inference.json").is_file():
        raise BundleError(
            f"there are no configs beside the package in {root}",
            remedy="Install the bundle from its checkout or archive with `pip install -e .`.",
        )
    return root


def run_workflow(run_id: str, config_files: list[str], **override: Any) -> None:
    """Run a workflow of the bundle in this process.

    Args:
        run_id: ``training``, ``evaluating`` or ``inference``.
        config_files: names in configs/.
        override: ids of the config and their values.
    """
    root = bundle_root()
    files = [str(root / CONFIGS / name) for name in config_files]
    workflow = create_workflow(
        config_file=files,
        workflow_type="infer" if run_id == "inference" else "train",
        run_id=run_id,
        bundle_root=str(root),
        **override,
    )
    workflow.run()
    workflow.finalize()
