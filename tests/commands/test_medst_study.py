"""The command that trains every switch, on the smallest text model."""

import json
from pathlib import Path

import pytest
from helpers.medst_cohort import make_medst_cohort
from helpers.medst_fits import finish

from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import BundleError
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


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | Exception]:
    """What comes out of a variant's fits in place of a training: its area of ground glass, or what fails."""
    found: dict[str, float | Exception] = {}

    def run(study: StudyPlan, fit: Fit) -> None:
        value = found.get(fit.variant, 0.5)
        if isinstance(value, Exception):
            raise value
        tasks = {"retrieval": {"median_rank": 1 - value}, "zero_shot_ground_glass": {"auroc": value}}
        finish(study, fit, parameters=1, pretraining={"pretraining": {"steps": 5}}, tasks=tasks)

    monkeypatch.setattr(fitting, "_run", run)
    monkeypatch.setattr(fitting, "prepare_studies", lambda *_: None)
    monkeypatch.setattr(fitting, "QUIET", ())  # other tests look at these loggers
    return found


def _study(screens: Path, out: Path) -> list[str]:
    words = ["medst-study", "--dataset_dir", str(screens), "--out", str(out), "--variants", "shuffled", "--seeds", "2"]
    return [*words, "--text_source", "untrained"]


def test_the_control_is_always_run_and_noticed(
    screens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], results: dict[str, float | Exception]
) -> None:
    results |= {"default": 0.9, "mispaired": 0.6, "shuffled": 0.8}
    assert main(_study(screens, tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        [name, "retrieval", rank, "zero-shot", "ground", "glass", area, "(2", "seeds)"]
        for name, rank, area in (("default", "0.100", "0.900"), ("mispaired", "0.400", "0.600"),
                                 ("shuffled", "0.200", "0.800"))
    ]  # fmt: skip
    assert lines[3:] == [str(tmp_path / "results.json")]


def test_a_study_that_does_not_notice_its_control_says_so_first(
    screens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], results: dict[str, float | Exception]
) -> None:
    results |= {"default": 0.9, "mispaired": 0.9}
    assert main(_study(screens, tmp_path)) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == (
        "This study can judge nothing: its positive control, the texts of other patients, was not noticed (worse "
        "retrieval and zero-shot classification in each of two seeds or more)."
    )
    assert len(others) == 4


def test_what_came_out_is_told_before_a_failure(
    screens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], results: dict[str, float | Exception]
) -> None:
    results |= {"default": 0.9, "mispaired": BundleError("the objective is no number")}
    assert main(_study(screens, tmp_path)) == 1
    told = capsys.readouterr()
    first, *others = told.out.splitlines()
    assert first.startswith("This study can judge nothing")
    assert [line.split()[0] for line in others] == ["default", "shuffled", str(tmp_path / "results.json")]
    assert told.err.splitlines()[-1].endswith(
        "2 fits failed; mispaired, seed 0: the objective is no number. The same command repeats only these."
    )


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
    assert set(results["variants"]) == {"default", "mispaired", "shuffled"}
    assert results["variants"]["shuffled"]["metrics"]["temporal_image"]["mean"] is not None
    assert results["variants"]["default"]["difference"]["probe_malignancy"]["mean"] == 0.0

    model = out / "fits" / "default" / "seed0" / "model.pt"
    before = model.stat().st_mtime_ns
    (out / "fits" / "shuffled" / "seed0" / "fit.json").unlink()
    assert main([*words, "--epochs", "1"]) == 0
    assert model.stat().st_mtime_ns == before
    assert set(json.loads((out / "results.json").read_text())["variants"]) == {"default", "mispaired", "shuffled"}

    assert main([*words, "--epochs", "2"]) == 1
    assert "other settings" in capsys.readouterr().err
