"""What of a server's log may be kept: nothing that names a patient or tells a clinical value.

MONAI Label logs each request with its params at level INFO, and ids, paths and DICOM fields of images in other places.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

SERVER = "monailabel"
"""The logger above all of MONAI Label's."""
WEB = ("uvicorn", "fastapi", "starlette", "asyncio")
"""Those of what it is built on: a traceback ends with the value that was wrong, an address holds ids."""
MARK = "without_patients"
LEAST_TELLING = 2
"""Parts of a path that name what was asked, such as ``/infer/MODEL``; the parts behind may be UIDs."""


class QuietLog(logging.Filter):
    """Lets pass what this bundle logs; of the server's records, that something happened and where, not the text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is kept; take out of one that is kept what may come from a request."""
        if _is_of(record, SERVER) and record.levelno < logging.WARNING:
            return False
        if any(_is_of(record, name) for name in (SERVER, *WEB)) and not hasattr(record, MARK):
            setattr(record, MARK, True)  # the next handler gets the same record
            self._empty(record)
        return True

    def _empty(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = f"failed: {where(error)}", ()
        elif _is_of(record, SERVER):
            record.msg, record.args = f"something was logged in line {record.lineno}", ()
        elif isinstance(record.args, tuple):
            record.args = tuple(_path_alone(value) for value in record.args)
        record.exc_info = record.exc_text = None


def _is_of(record: logging.LogRecord, name: str) -> bool:
    return record.name == name or record.name.startswith(f"{name}.")


def _path_alone(value: object) -> object:
    """Return a requested path without its query, and without what follows an address of the PACS behind the server."""
    if not isinstance(value, str) or not value.startswith("/"):
        return value
    path = value.partition("?")[0]
    return path if path.count("/") <= LEAST_TELLING else "/".join(path.split("/")[: LEAST_TELLING + 1])


def keep_patients_out_of_the_log() -> None:
    """Filter what every handler of this process writes; twice is once."""
    for handler in _handlers():
        if not any(isinstance(known, QuietLog) for known in handler.filters):
            handler.addFilter(QuietLog())


def _handlers() -> Iterator[logging.Handler]:
    yield from logging.getLogger().handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers


def where(error: BaseException) -> str:
    """Return the kind of an error and the line that raised it, without its text."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f" at {code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}"
