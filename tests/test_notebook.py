"""The notebook runs from a folder of its own, cell after cell, and says what its text promises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_the_notebook_runs(repository: Path, tmp_path: Path) -> None:
    book = json.loads((repository / "docs" / "notebooks" / "phantom.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    program = "\n".join(["import matplotlib", "matplotlib.use('Agg')", *cells])
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"probability 0\.\d{3}, threshold 0\.\d{3}", done.stdout)
    assert "weights trained on: " in done.stdout
    rows = re.findall(r"^\S+ +(malignant|benign) +([01]\.\d{3})$", done.stdout, flags=re.MULTILINE)
    assert len(rows) == 8
    assert [float(value) for _, value in rows] == sorted(float(value) for _, value in rows)
