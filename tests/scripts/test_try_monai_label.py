"""The server for real: minutes, and gigabytes from a package registry the first time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort


@pytest.mark.long
def test_monai_label_answers_as_run_inference_does(repository: Path, tmp_path: Path) -> None:
    probe = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "monailabel==0.8.5"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no package registry can be reached, and MONAI Label needs an environment of its own")
    cohort = make_cohort(tmp_path / "cohort", CohortSettings(subjects=8, seed=1))
    page = tmp_path / "page.md"
    page.write_text("<!-- transcript -->\n<!-- end of transcript -->\n")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    words = [str(repository / "scripts" / "try_monai_label.sh"), str(cohort)]
    done = subprocess.run(
        words, env={**environment, "PAGE": str(page)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    assert page.read_text().count("`run inference` says") == 3
