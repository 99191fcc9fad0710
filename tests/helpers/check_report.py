"""What ``check --json`` says."""

import json
from pathlib import Path
from typing import Any

import pytest

from csfnet_bundle.commands import main


def report(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON document of a check."""
    status = main(["check", str(path), "--json", *options])
    return status, json.loads(capsys.readouterr().out)
