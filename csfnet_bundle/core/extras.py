"""Libraries that only an extra of the package installs, imported where they are needed and named where absent."""

from __future__ import annotations

import importlib
from types import ModuleType

from csfnet_bundle.core.errors import BundleError


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a library of an extra.

    Args:
        module: dotted name, e.g. ``"onnxruntime"``.
        extra: the extra of pyproject.toml that installs it.

    Raises:
        BundleError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise BundleError(
            f"this needs {module}, which is not installed",
            remedy=f"Install it with `pip install 'csfnet-bundle[{extra}]'`.",
        ) from None
