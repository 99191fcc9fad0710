"""Run the commands of documentation pages and write what they print below them.

A block to run is a ``console`` fence right after a line ``<!-- run -->``. Every line in it that starts with ``$ `` is
run by bash in the repository's root, one after the other; what it prints on standard output replaces what stood below
it. A command that fails ends the recording, and the page stays as it was. What must be there first, or must be gone,
is seen to by the commands of ``<!-- before: COMMAND -->`` lines. From the repository's root, with the environment
active: ``python scripts/record_page.py docs/PAGE.md ...``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- run -->\n```console\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)
BEFORE = re.compile(r"^<!-- before: (.*) -->$", re.MULTILINE)
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ - ")
"""How MONAI's log begins, which goes to standard output and is left out of the pages."""
PROMPT = "$ "


def commands(block: str) -> list[str]:
    """Return the commands of a block; a line that ends with a backslash goes on in the next one."""
    joined = re.sub(r"\\\n", "\\\\\0", block)
    return [line.removeprefix(PROMPT).replace("\0", "\n") for line in joined.splitlines() if line.startswith(PROMPT)]


def record(page: Path) -> None:
    """Run the page's commands and write it anew."""

    def run(match: re.Match[str]) -> str:
        lines = []
        for command in commands(match[2]):
            print(f"{page.name}: {command}", file=sys.stderr, flush=True)
            lines += [f"{PROMPT}{command}", *_output(command)]
        return match[1] + "\n".join(lines) + "\n" + match[3]

    text = page.read_text(encoding="utf-8")
    for command in BEFORE.findall(text):
        print(f"{page.name}: (before) {command}", file=sys.stderr, flush=True)
        _output(command)
    page.write_text(BLOCK.sub(run, text), encoding="utf-8")


def _output(command: str) -> list[str]:
    """Return the lines that a command prints, without empty ones, logs, and this checkout's place on the disk."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"`{command}` ended with status {done.returncode}; the page is as it was")
    lines = (line.rstrip() for line in done.stdout.replace(f"{ROOT}/", "").splitlines())
    return [line for line in lines if line and not LOG_LINE.match(line)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        record(Path(name))
