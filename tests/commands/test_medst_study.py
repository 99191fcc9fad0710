"""The command that trains every switch, on the smallest text model."""

import json
from pathlib import Path

import pytest
from helpers.medst_cohort import make_medst_cohort

from csfnet_bundle.commands import main


@pytest.mark.long
def test_a_study_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    make_medst_cohort(cohort)
    out = tmp_path / "out"
    words = ["medst-study", "--dataset_dir", str(cohort), "--out", str(out), "--variants", "shuffled", "--seeds", "1"]
    words += ["--text_source", "untrained"]
    assert main([*words, "--epochs", "1"]) == 0
    results = json.loads((out / "results.json").read_text())
    assert set(results["variants"]) == {"default", "shuffled"}
    assert results["variants"]["shuffled"]["metrics"]["temporal_image"]["mean"] is not None
    assert results["variants"]["default"]["difference"]["probe_malignancy"]["mean"] == 0.0

    model = out / "fits" / "default" / "seed0" / "model.pt"
    before = model.stat().st_mtime_ns
    (out / "fits" / "shuffled" / "seed0" / "fit.json").unlink()
    assert main([*words, "--epochs", "1"]) == 0
    assert model.stat().st_mtime_ns == before
    assert set(json.loads((out / "results.json").read_text())["variants"]) == {"default", "shuffled"}

    assert main([*words, "--epochs", "2"]) == 1
    assert "other settings" in capsys.readouterr().err
