"""``demo``: the whole way, small."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from csfnet_bundle.cohorts.phantom import cohort
from csfnet_bundle.commands import main

Output = pytest.CaptureFixture[str]


@pytest.mark.long
def test_the_demonstration_closes_with_what_it_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Run twice: the second time everything is there and the words are the same."""
    words = ["demo", f"--out={tmp_path}", "--subjects=24", "--epochs=2"]
    assert main(words) == 0
    shown = capfd.readouterr().out
    auc = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())["metrics"]["auc"]
    assert f"Test AUC {auc['value']:.3f} (95 % interval {auc['lower']:.3f} to {auc['upper']:.3f})" in shown
    assert re.search(r"oracle AUC [01]\.\d{3} \([01]\.\d{3} to [01]\.\d{3}\)", shown)
    assert "judge nothing" in shown
    table = pd.read_csv(tmp_path / "new_pair" / "predictions.csv")
    assert f"malignancy probability {table['probability'].iloc[0]:.3f}" in shown
    for line in ("Report of the evaluation:", "Report of the new pair:"):
        (path,) = re.findall(rf"{line} +(\S+)", shown)
        assert Path(path).is_file()
    closing = shown[shown.index("Test AUC") :]
    assert main(words) == 0
    again = capfd.readouterr()
    assert "this run is finished: 2 epochs" in again.err
    assert again.out[again.out.index("Test AUC") :] == closing


@pytest.mark.long
def test_a_step_that_fails_ends_the_demonstration(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort, "make_cohort", lambda *_: None)  # and so there is nothing to train on
    assert main(["demo", f"--out={tmp_path}"]) == 1
    captured = capfd.readouterr()
    assert f"error: there is no datalist {tmp_path / 'phantom'}" in captured.err
    assert captured.err.splitlines()[-1].startswith("error: training ended with status 1")
    assert "3/4" not in captured.out
