"""One line for the user's mistakes, wherever in MONAI's machinery they surface; a traceback for ours."""

from __future__ import annotations

import sys
from types import TracebackType

from csfnet_bundle.core.errors import BundleError


def bundle_error_in(error: BaseException | None) -> BundleError | None:
    """Return the BundleError that ``error`` is, or that it was raised from (MONAI wraps what a config raises)."""
    while error is not None:
        if isinstance(error, BundleError):
            return error
        error = error.__cause__ or error.__context__
    return None


def one_line_errors() -> None:
    """From now on an uncaught BundleError ends the program with one line and exit status 1.

    Other exceptions go to the hook that was there before.
    """
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        ours = bundle_error_in(error)
        if ours is None:
            previous(kind, error, traceback)
        else:
            print(f"error: {ours}", file=sys.stderr)

    if getattr(previous, "__name__", "") != hook.__name__ or previous.__module__ != hook.__module__:
        sys.excepthook = hook
