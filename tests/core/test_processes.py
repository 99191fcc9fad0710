"""Work over processes: in order, and nothing is left running however the program ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csfnet_bundle.core.processes import TERMINATED, allow_children, map_over_processes

PROGRAM = """
import os, sys, time
from csfnet_bundle.core.processes import end_on_sigterm, map_over_processes

def work(number):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(100)

if __name__ == "__main__":
    end_on_sigterm()
    list(map_over_processes(work, range(64), 2))
"""
PATIENCE_S = 60


def _until(condition) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_program(number: signal.Signals, tmp_path: Path) -> None:
    script, pids = tmp_path / "program.py", tmp_path / "pids"
    script.write_text(PROGRAM)
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    program = subprocess.Popen([sys.executable, str(script), str(pids)], env={**os.environ, "PYTHONPATH": path})
    assert _until(lambda: pids.is_file() and len(pids.read_text().split()) == 2)
    workers = [int(word) for word in pids.read_text().split()]
    program.send_signal(number)
    assert _until(lambda: not any(map(_is_running, workers)))
    expected = TERMINATED if number is signal.SIGTERM else -number
    assert program.wait(PATIENCE_S) == expected


def test_results_come_in_order() -> None:
    numbers = list(range(-40, 40))
    assert list(map_over_processes(abs, numbers, 2)) == list(map(abs, numbers))
    assert list(map_over_processes(abs, [-1], 2)) == [1]
    allow_children()  # in a process that may have some anyway it changes nothing
