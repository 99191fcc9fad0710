"""``--device``: what a command and the processes that it starts see of the GPUs."""

import os
import subprocess
import sys

import pytest
import torch

from csfnet_bundle.commands import main
from csfnet_bundle.commands.devices import VISIBLE, on_device
from csfnet_bundle.core.errors import BundleError


@pytest.mark.parametrize("before", [None, "2,3"])
def test_on_the_cpu_no_gpu_is_seen_and_all_is_as_before(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VISIBLE, before)
    with on_device("cpu"):
        code = f"import os; print(repr(os.environ[{VISIBLE!r}]))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "''\n"
    assert os.environ.get(VISIBLE) == before
    with on_device(None):
        assert os.environ.get(VISIBLE) == before


@pytest.mark.parametrize(
    ("name", "before", "seen"),
    [("cuda", None, "0"), ("cuda:1", None, "1"), ("cuda:1", "2,3", "3"), ("cuda", "2,3", "2")],
)
def test_one_gpu_is_seen(name: str, before: str | None, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv(VISIBLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VISIBLE, before)
    with on_device(name):
        assert os.environ[VISIBLE] == seen
    assert os.environ.get(VISIBLE) == before


@pytest.mark.parametrize(
    ("name", "before", "problem"),
    [
        ("gpu", None, "--device is 'gpu', expected cpu, cuda or cuda:N"),
        ("cuda:2", "2,3", "there is no device cuda:2"),
        ("cuda", None, "there is no device cuda"),
    ],
)
def test_a_device_that_is_not_there_is_named(
    name: str, before: str | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv(VISIBLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VISIBLE, before)
    with pytest.raises(BundleError, match=problem), on_device(name):
        raise AssertionError("never reached")
    assert os.environ.get(VISIBLE) == before


def test_only_commands_with_networks_take_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--device=cpu", "."]) == 2
    assert "there is no option --device" in capsys.readouterr().err
    assert main(["predict", "--device=tpu", "--t1=x", "--point1=1,2,3", "--space=LPS"]) == 1
    assert capsys.readouterr().err == "error: --device is 'tpu', expected cpu, cuda or cuda:N\n"
