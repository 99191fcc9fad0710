"""What the Makefile does with the weights that come with the bundle."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _needs_make() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not on this machine")


def _make(repository: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=repository, env=outside, capture_output=True, text=True, check=False)


def test_model_makes_both_files_in_order(repository: Path, tmp_path: Path) -> None:
    done = _make(repository, "-n", "model", f"VOI={tmp_path}")
    run = [line.split(" -m csfnet_bundle ")[1] for line in done.stdout.splitlines() if " -m csfnet_bundle " in line]
    assert [command.split()[0] for command in run] == ["make-model", "cohort", "make-nodule-model"]
    assert run[1].startswith(f"cohort lidc-voi --dir '{tmp_path}' --out ")
    cohort = run[1].rsplit(maxsplit=1)[1]
    assert f"--dataset_dir {cohort} " in run[2], "the file comes from the cohort of these volumes"


@pytest.mark.parametrize("target", ["model", "nodule-model"])
def test_without_the_volumes_it_ends_in_one_line_before_any_work(repository: Path, tmp_path: Path, target: str) -> None:
    done = _make(repository, target, f"VOI={tmp_path}")
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line.startswith(f'No LIDC nodule volumes: VOI="{tmp_path}" holds no labels.csv.')
    assert f"make {target} VOI=FOLDER" in line
