"""The command line: ``csfnet COMMAND`` or ``python -m csfnet_bundle COMMAND``.

A command is a function in a module of its own and an entry in :mod:`csfnet_bundle.commands.table`; its signature and
docstring give types, defaults, help and examples. Help and usage errors import nothing heavy.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from csfnet_bundle import __version__
from csfnet_bundle.commands.table import COMMANDS, GROUPS, WITH_DEVICE, load_command
from csfnet_bundle.core.error_hook import INTERRUPTED, INTERRUPTED_LINE, bundle_error_in, interrupted_in
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import is_disk_full
from csfnet_bundle.core.processes import end_on_sigterm

__all__ = ["COMMANDS", "main"]

FAILED, USAGE = 1, 2
"""Exit statuses besides 0 and INTERRUPTED."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (by default those of the program) name; return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # paths may hold bytes that no text has
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            print(_overview())
            return 0 if words else USAGE
        if words[0] == "--version":
            print(f"csfnet-bundle {__version__}")
            return 0
        return _run(words[0].replace("_", "-"), words[1:])
    except KeyboardInterrupt:
        return _interrupted()


def _run(name: str, words: Sequence[str]) -> int:
    from csfnet_bundle.commands.devices import on_device
    from csfnet_bundle.commands.logs import logging_to
    from csfnet_bundle.commands.parsing import UsageError, did_you_mean, parse

    if name not in COMMANDS:
        hint = did_you_mean(name, COMMANDS)
        print(f"error: there is no command {name!r}.{hint} `csfnet --help` lists the commands.", file=sys.stderr)
        return USAGE
    try:
        call = parse(name, load_command(name), words, has_device=name in WITH_DEVICE)
    except UsageError as error:
        print(f"error: {name}: {error}", file=sys.stderr)
        return USAGE
    end_on_sigterm()
    try:
        with logging_to(call.log_file, verbose=call.verbose), on_device(call.device):
            status = call.run()
    except Exception as error:
        if interrupted_in(error):
            return _interrupted()
        ours = bundle_error_in(error)
        if ours is None and is_disk_full(error):
            ours = BundleError("the disk is full", remedy="Free space, or name another place by --out.")
        if ours is None and not (isinstance(error, OSError) and error.filename):
            raise
        print(f"error: {ours or error}", file=sys.stderr)
        return FAILED
    return status if isinstance(status, int) else 0


def _interrupted() -> int:
    print(INTERRUPTED_LINE, file=sys.stderr)
    return INTERRUPTED


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = ["usage: csfnet COMMAND [WORDS] [--option value ...]"]
    for group in GROUPS:
        lines += ["", f"{group}:"]
        lines += [f"  {name.ljust(width)}  {row.summary}" for name, row in COMMANDS.items() if row.group == group]
    return "\n".join([*lines, "", "`csfnet COMMAND --help` describes a command; `--version` prints the version."])
