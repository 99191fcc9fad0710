"""That every option given to ``monai.bundle run`` is one that the config reads."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from monai.bundle import ConfigWorkflow
from monai.bundle.properties import InferProperties, TrainProperties
from monai.utils import BundlePropertyConfig

from csfnet_bundle.core.bundle_root import PREPROCESSING, VARIANTS
from csfnet_bundle.core.errors import BundleError

_REFERENCE = re.compile(r"[@%]([A-Za-z_]\w*)")
"""A reference in a config, ``@name`` or ``%name``, up to its first ``#``."""

WORKFLOW_KEYS = frozenset(
    ("imports", "initialize", "finalize", "run", "training", "evaluating", "inference", "_meta_", "save_execute_config")
)
"""What MONAI itself reads of a config, and the workflows that are named on the command line."""

PROPERTY_KEYS = frozenset(
    str(found[BundlePropertyConfig.ID]).split("#")[0]
    for properties in (TrainProperties, InferProperties)
    for found in properties.values()
    if BundlePropertyConfig.ID in found
)
"""Top-level keys that MONAI's programs look up in a bundle, whether or not the config refers to them."""


def check_options() -> None:
    """Reject a top-level key that nothing reads: a misspelt option of ``monai.bundle run``.

    Call it in ``initialize`` of a config. MONAI adds each option to the config, a misspelt one as a new key, and then
    runs with the default. A key is known if a config file beside the first one has it, or if another part of the config
    refers to it, so that override files may add keys.

    Raises:
        BundleError: names the key and the nearest that exists.
    """
    workflow = _calling_workflow()
    if workflow is None:
        return
    config: Mapping[str, Any] = workflow.parser.get()
    known = {name for text in _texts(config) for name in _REFERENCE.findall(text)} | WORKFLOW_KEYS | PROPERTY_KEYS
    known |= _keys_of_files(Path(workflow.config_root_path))
    unread = [str(key) for key in config if str(key).lstrip("+") not in known]
    if unread:
        near = get_close_matches(unread[0], sorted(known), 1)
        remedy = f"Did you mean --{near[0]}?" if near else "Leave it out, or correct its name."
        raise BundleError(f"the config has no use for the option --{unread[0]}", record="options", remedy=remedy)


def _keys_of_files(folder: Path) -> set[str]:
    keys: set[str] = set()
    for path in folder.rglob("*.json"):
        if path.relative_to(folder).as_posix() in (PREPROCESSING, VARIANTS):  # their keys are no options
            continue
        config = json.loads(path.read_text(encoding="utf-8"))
        keys |= {str(key).split("#")[0].lstrip("+") for key in config} if isinstance(config, dict) else set()
    return keys


def _calling_workflow() -> ConfigWorkflow | None:
    """Find the workflow that evaluates this expression: MONAI hands expressions no reference to it."""
    frame = inspect.currentframe()
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, ConfigWorkflow):
            return owner
        frame = frame.f_back
    return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
