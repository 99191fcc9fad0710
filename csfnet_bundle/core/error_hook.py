"""One line for the user's mistakes and for Ctrl-C, wherever in MONAI's machinery they surface; a traceback for ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.processes import end_on_sigterm

INTERRUPTED = 130
"""The exit status that shells give a program that Ctrl-C ended."""

INTERRUPTED_LINE = "interrupted; the same command resumes or starts anew"


def bundle_error_in(error: BaseException | None) -> BundleError | None:
    """Return the BundleError that ``error`` is, or that it was raised from (MONAI wraps what a config raises)."""
    return next((link for link in _chain(error) if isinstance(link, BundleError)), None)


def interrupted_in(error: BaseException | None) -> bool:
    """Return whether ``error`` is a Ctrl-C or was raised from one (Ctrl-C ends worker processes too)."""
    return any(isinstance(link, KeyboardInterrupt) for link in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def one_line_errors() -> None:
    """From now on an uncaught BundleError ends the program with one line and exit status 1, Ctrl-C with status 130.

    Other exceptions go to the hook that was there before. SIGTERM ends the program as an exception does.
    """
    end_on_sigterm()
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if interrupted_in(error):
            print(INTERRUPTED_LINE, file=sys.stderr)
            raise SystemExit(INTERRUPTED)
        ours = bundle_error_in(error)
        if ours is None:
            previous(kind, error, traceback)
        else:
            print(f"error: {ours}", file=sys.stderr)

    if getattr(previous, "__name__", "") != hook.__name__ or previous.__module__ != hook.__module__:
        sys.excepthook = hook
