"""Which fits are run, and what becomes of one that fails; nothing is trained here."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from helpers.medst_fits import finish, make_study

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.data import SECTIONS
from csfnet_bundle.studies.medst import fitting
from csfnet_bundle.studies.medst.fitting import FitsFailedError, run_fits
from csfnet_bundle.studies.medst.plan import Fit, StudyPlan


class Trainings:
    """Stands in for the training of a fit; a fit that is named in ``broken`` raises what stands there."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.prepared: list[tuple[object, ...]] = []
        self.broken: dict[str, Exception] = {}

    def run(self, study: StudyPlan, fit: Fit) -> None:
        self.begun.append(fit.name)
        if fit.name in self.broken:
            raise self.broken[fit.name]
        finish(study, fit)

    def prepare(self, *arguments: object) -> None:
        self.prepared.append(arguments)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    stand_in = Trainings()
    monkeypatch.setattr(fitting, "_run", stand_in.run)
    monkeypatch.setattr(fitting, "prepare_studies", stand_in.prepare)
    monkeypatch.setattr(fitting, "QUIET", ())  # other tests look at these loggers
    return stand_in


def _names(fits: Iterator[Fit]) -> list[str]:
    return [fit.name for fit in fits]


def test_fits_come_in_the_plans_order(screens: Path, tmp_path: Path, trainings: Trainings) -> None:
    found = _names(run_fits(make_study(screens, tmp_path, seeds=2)))
    assert found == trainings.begun == ["default, seed 0", "default, seed 1", "shuffled, seed 0", "shuffled, seed 1"]


def test_scans_are_read_once_for_all_fits(screens: Path, tmp_path: Path, trainings: Trainings) -> None:
    study = make_study(screens, tmp_path, seeds=3)
    _names(run_fits(study))
    (arguments,) = trainings.prepared
    assert {screens, SECTIONS, study.rois} <= {value for value in arguments if isinstance(value, Path | tuple)}


def test_a_finished_fit_is_not_repeated(screens: Path, tmp_path: Path, trainings: Trainings) -> None:
    _names(run_fits(make_study(screens, tmp_path)))
    trainings.begun.clear()
    assert _names(run_fits(make_study(screens, tmp_path))) == []
    found = _names(run_fits(make_study(screens, tmp_path, seeds=2)))
    assert found == trainings.begun == ["default, seed 1", "shuffled, seed 1"]


def test_a_failed_fit_is_told_by_name_and_the_others_are_run(
    screens: Path, tmp_path: Path, trainings: Trainings, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(screens, tmp_path, seeds=2)
    trainings.broken["default, seed 0"] = BundleError("the objective is no number", record="epoch 3")
    words = "1 fits failed; default, seed 0: epoch 3: the objective is no number. The same command repeats only these"
    with pytest.raises(BundleError, match=words):
        _names(run_fits(study))
    assert [study.is_done(fit) for fit in study.fits] == [False, True, True, True]
    assert trainings.begun == [fit.name for fit in study.fits]
    assert "failed: default, seed 0: epoch 3" in " ".join(capsys.readouterr().err.split())
    trainings.begun.clear()
    trainings.broken.clear()
    assert _names(run_fits(study)) == trainings.begun == ["default, seed 0"]


def test_a_users_mistake_is_told_even_where_it_comes_wrapped(
    screens: Path, tmp_path: Path, trainings: Trainings
) -> None:
    """MONAI wraps what a config raises."""
    wrapped = RuntimeError("a config cannot be evaluated")
    wrapped.__cause__ = BundleError("there is no text model in 'nowhere'")
    trainings.broken |= {"default, seed 0": wrapped, "shuffled, seed 0": wrapped}
    with pytest.raises(BundleError, match="2 fits failed; default, seed 0: there is no text model in 'nowhere'"):
        _names(run_fits(make_study(screens, tmp_path)))


def test_a_fault_of_the_program_ends_the_study(screens: Path, tmp_path: Path, trainings: Trainings) -> None:
    trainings.broken["default, seed 0"] = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError, match="ours"):
        _names(run_fits(make_study(screens, tmp_path)))
    assert trainings.begun == ["default, seed 0"]


STARTED = ("no_temporal", "temporal_on_frozen", "default")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fit_waits_for_the_one_that_it_starts_from(
    workers: int, screens: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two workers one is free while no_temporal still trains."""
    study = replace(make_study(screens, tmp_path), variants=STARTED)
    too_early = Event()
    finished: dict[str, bool] = {}

    def run(study: StudyPlan, fit: Fit) -> None:
        if fit.variant == "no_temporal" and workers > 1:
            too_early.wait(0.5)
        if fit.variant == "temporal_on_frozen":
            finished[fit.name] = study.is_done(Fit("no_temporal", fit.seed))
            too_early.set()
        trainings.run(study, fit)

    monkeypatch.setattr(fitting, "_run", run)
    monkeypatch.setattr(fitting, "ProcessPoolExecutor", lambda workers, **_: ThreadPoolExecutor(workers))
    found = _names(run_fits(study, workers))
    assert sorted(found) == sorted(fit.name for fit in study.fits)
    assert finished == {"temporal_on_frozen, seed 0": True}


@pytest.mark.parametrize("workers", [1, 2])
def test_without_its_start_a_fit_fails_by_name(
    workers: int, screens: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = replace(make_study(screens, tmp_path), variants=STARTED)
    monkeypatch.setattr(fitting, "ProcessPoolExecutor", lambda workers, **_: ThreadPoolExecutor(workers))
    trainings.broken["no_temporal, seed 0"] = BundleError("the objective is no number")
    with pytest.raises(FitsFailedError, match="2 fits failed"):
        _names(run_fits(study, workers))
    trainings.broken.clear()
    trainings.begun.clear()
    assert _names(run_fits(study, workers)) == ["no_temporal, seed 0", "temporal_on_frozen, seed 0"]


class KillablePool(ThreadPoolExecutor):
    """A pool that breaks as one of processes does when the system kills a worker."""

    def __init__(self, workers: int, **_: object) -> None:
        super().__init__(workers)
        self.is_broken = False

    def submit(self, attempt: Any, /, study: StudyPlan, fit: Fit, **_: object) -> Any:
        if self.is_broken:
            raise BrokenProcessPool

        def run() -> str | None:
            if fit.name == "default, seed 0":
                self.is_broken = True
                raise BrokenProcessPool
            told: str | None = attempt(study, fit)
            return told

        return super().submit(run)


def test_a_killed_worker_is_a_failed_fit_and_the_others_go_on(
    screens: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(screens, tmp_path, seeds=3)
    monkeypatch.setattr(fitting, "ProcessPoolExecutor", KillablePool)
    with pytest.raises(FitsFailedError, match="1 fits failed; default, seed 0: its worker, or the one beside it, was"):
        _names(run_fits(study, workers=2))
    assert [fit.name for fit in study.fits if not study.is_done(fit)] == ["default, seed 0"]


def _other_cohort(screens: Path, folder: Path) -> Path:
    folder.mkdir()
    text = (screens / "datalist.json").read_text()
    (folder / "datalist.json").write_text(text.replace("small cohort", "other cohort"))
    shutil.copy(screens / "ctab.csv", folder)
    return folder


def test_a_folder_of_another_study_is_refused(screens: Path, tmp_path: Path, trainings: Trainings) -> None:
    out = tmp_path / "out"
    study = make_study(screens, out, epochs=2)
    _names(run_fits(study))
    trainings.begun.clear()
    others = {
        "overrides": make_study(screens, out, epochs=3),
        r"overrides \(": make_study(screens, out),
        "datalist": make_study(_other_cohort(screens, tmp_path / "other"), out, epochs=2),
    }
    for changed, other in others.items():
        message = rf"out: holds a study with other settings: {changed}.*Name another --out"
        with pytest.raises(BundleError, match=message):
            _names(run_fits(other))
        assert not trainings.begun, changed
    assert all(study.is_done(fit) for fit in study.fits), "what was found stays"
    assert _names(run_fits(study)) == []


@pytest.mark.parametrize("config", ["medst_pretrain", "medst/tiny", "medst_evaluate"])
def test_a_changed_config_of_all_fits_is_refused(
    screens: Path, tmp_path: Path, trainings: Trainings, config: str
) -> None:
    study = make_study(screens, tmp_path)
    _names(run_fits(study))
    (tmp_path / "configs" / f"{config}.json").write_text('{"window": 2}')
    with pytest.raises(BundleError, match="with other settings: configs"):
        _names(run_fits(study))


def test_nothing_of_another_switch_stays_for_the_new_training(
    screens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training goes on from what lies in its folder."""
    study = make_study(screens, tmp_path)
    fit = study.fits[1]
    finish(study, fit)
    state = study.folder(fit) / "training_state.pt"
    state.touch()
    found: list[bool] = []

    def begin(*_: object, **__: object) -> None:
        found.append(state.exists())
        raise BundleError("far enough")

    monkeypatch.setattr(fitting, "make_workflow", begin)
    with pytest.raises(BundleError, match="far enough"):
        fitting._run(study, fit)
    assert found == [False]
