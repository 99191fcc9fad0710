"""Libraries that only an extra of the package installs, imported where they are needed and named where absent."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
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
        raise _missing(module, extra) from None


def require_extra(extra: str, *modules: str) -> None:
    """Check that libraries of an extra are installed, without importing them: before a command begins its work.

    Args:
        extra: the extra of pyproject.toml that installs them.
        modules: top-level names.

    Raises:
        BundleError: one is not installed.
    """
    for module in modules:
        if find_spec(module) is None:
            raise _missing(module, extra)


def _missing(module: str, extra: str) -> BundleError:
    return BundleError(
        f"this needs {module}, which is not installed",
        remedy=f"Install it with `pip install 'csfnet-bundle[{extra}]'`.",
    )
