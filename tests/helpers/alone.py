"""Python as somebody has it who has the package from elsewhere than this checkout."""

import os
import subprocess
import sys
from pathlib import Path

from helpers.workflow_runs import REPOSITORY

WITHOUT_FURTHER = "sys.modules.update(transformers=None, mlflow=None)"
"""As if libraries were absent that MONAI imports where it finds them: it takes a third of its start-up for that."""

ALONE = f"""
import runpy, sys
{WITHOUT_FURTHER}
# The editable install of the test environment leads to the checkout: take it out of the search for modules.
sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in str(finder)]
{{body}}
ours = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "csfnet_bundle"]
assert ours, "the package was not imported"
assert not [name for name in ours if name.startswith({str(REPOSITORY / "csfnet_bundle")!r})], ours
"""


def run_alone(body: str, cwd: Path, **environment: str) -> None:
    """Run Python where only the current folder and ``environment`` lead to the package."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(body=body)],
        cwd=cwd,
        env={**clean, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
