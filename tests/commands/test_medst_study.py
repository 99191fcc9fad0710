"""The command that trains every switch, on the smallest text model."""

import json
from pathlib import Path

import pytest
from helpers.medst_cohort import make_medst_cohort

from csfnet_bundle.commands import main
from csfnet_bundle.studies.medst import fitting
from csfnet_bundle.studies.medst.plan import Fit, StudyPlan
from csfnet_bundle.studies.medst.variants import read_variants


@pytest.mark.parametrize("name", ["window_5", "window_8", "faithful"])
def test_longer_windows_than_the_cohort_has_screens_are_refused_before_any_fit(
    name: str, screens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["medst-study", "--dataset_dir", str(screens), "--out", str(out), "--variants", f"shuffled,{name}"]
    assert main([*words, "--text_source", "untrained"]) == 1
    assert f"variant '{name}' needs" in capsys.readouterr().err
    assert not out.exists()


def test_all_variants_are_those_that_the_cohort_has_screens_for(
    screens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[StudyPlan] = []

    def plan(study: StudyPlan, workers: int) -> list[Fit]:
        planned.append(study)
        return []

    monkeypatch.setattr(fitting, "run_fits", plan)
    assert main(["medst-study", str(screens), str(tmp_path / "out"), "--text_source", "untrained"]) == 0
    left = {"faithful", "window_5", "window_8"}
    assert set(planned[0].variants) == set(read_variants()) - left
    assert "left out, as the cohort has 3 screens: faithful, window_5, window_8" in capsys.readouterr().out


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
