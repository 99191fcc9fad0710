"""Where a command's log goes: warnings to standard error; on request every step, and all into a file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csfnet_bundle.core.errors import BundleError

PACKAGE = "csfnet_bundle"
FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
FILE_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


@contextmanager
def logging_to(file: Path | None, *, verbose: bool) -> Iterator[None]:
    """Log the package's warnings, or every step, to standard error, and every step to a file if one is named.

    Raises:
        BundleError: the file cannot be written.
    """
    root, ours = logging.getLogger(), logging.getLogger(PACKAGE)
    before = {logger: logger.level for logger in (root, ours, logging.getLogger("ignite"))}
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setFormatter(FORMAT)
    handlers[0].setLevel(logging.INFO if verbose else logging.WARNING)
    if file is not None:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise BundleError(f"{file} cannot be written ({error.strerror})", record="--log_file") from None
        handlers[-1].setFormatter(FILE_FORMAT)
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.INFO)
    logging.getLogger("ignite").setLevel(logging.CRITICAL)  # it repeats as an error what the one-line message says
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        for logger, level in before.items():
            logger.setLevel(level)
