"""Restarting in every way that a run can stop; tests/workflows kills whole programs."""

import logging
from pathlib import Path

import pytest
import torch
from helpers.tiny_training import tiny_session
from ignite.engine import Events

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.checkpoint import STATE_NAME, load_checkpoint


class _CutOff(Exception):
    """The power fails."""


def _cut_off(engine: object) -> None:
    raise _CutOff


def _final(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], list[dict[str, object]]]:
    state = torch.load(folder / STATE_NAME, weights_only=True)
    return state["network"], dict(load_checkpoint(folder / "model.pt").weights), state["history"]


def _assert_same(one: Path, other: Path) -> None:
    (last, best, history), (other_last, other_best, other_history) = _final(one), _final(other)
    for name in last:
        torch.testing.assert_close(last[name], other_last[name], rtol=0, atol=0)
        torch.testing.assert_close(best[name], other_best[name], rtol=0, atol=0)
    assert history == other_history


@pytest.mark.parametrize("interval", [1, 2])
@pytest.mark.parametrize(
    ("event", "number"),
    [
        (Events.EPOCH_STARTED, 3),
        (Events.ITERATION_COMPLETED, 8),
        (Events.EPOCH_COMPLETED, 3),
    ],
)
def test_a_run_cut_off_anywhere_ends_as_an_undisturbed_one(
    event: Events, number: int, interval: int, small_cohort: Path, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tiny_session(whole, small_cohort, epochs=5, interval=interval).run()
    session = tiny_session(cut, small_cohort, epochs=5, interval=interval)
    session.trainer.add_event_handler(event(once=number), _cut_off)
    with pytest.raises(_CutOff):
        session.run()
    tiny_session(cut, small_cohort, epochs=5, interval=interval).run()
    _assert_same(whole, cut)


@pytest.mark.parametrize("epochs", [0, -3])
def test_a_training_of_no_epochs_is_no_finished_one(epochs: int, small_cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"max_epochs: it is {epochs}, expected 1 or more"):
        tiny_session(tmp_path, small_cohort, epochs=epochs)


def test_the_best_model_outlives_a_restart(small_cohort: Path, tmp_path: Path) -> None:
    """After a restart a worse epoch must not become the best one."""
    session = tiny_session(tmp_path, small_cohort, epochs=4)
    session.trainer.add_event_handler(Events.EPOCH_STARTED(once=3), _cut_off)
    with pytest.raises(_CutOff):
        session.run()
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    again = tiny_session(tmp_path, small_cohort, epochs=4)
    again.run()
    assert again.evaluator.state.best_metric >= state["best_metric"]
    best = max(again.best_model.history, key=lambda row: row["validation_auc"])
    assert load_checkpoint(tmp_path / "model.pt").provenance["epoch"] == best["epoch"]
    assert [row["epoch"] for row in again.best_model.history] == [1, 2, 3, 4]
    assert all("training_loss" in row for row in again.best_model.history)


def test_a_finished_run_says_so_and_changes_nothing(
    small_cohort: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_session(tmp_path, small_cohort).run()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        tiny_session(tmp_path, small_cohort).run()
    assert "this run is finished: 3 epochs" in caplog.text
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_with_other_settings_is_refused(small_cohort: Path, tmp_path: Path) -> None:
    tiny_session(tmp_path, small_cohort, settings={"batch_size": 3}).run()
    for change, word in (
        ({"settings": {"batch_size": 4}}, r"batch_size \(3 -> 4\)"),
        ({"epochs": 4}, r"max_epochs \(3 -> 4\)"),
        ({"seed": 1}, r"seed \(0 -> 1\)"),
    ):
        with pytest.raises(BundleError, match=f"{tmp_path}: holds a run with other settings: .*{word}"):
            tiny_session(tmp_path, small_cohort, **{"settings": {"batch_size": 3}, **change}).run()


def test_a_damaged_state_is_named_with_the_remedy(small_cohort: Path, tmp_path: Path) -> None:
    tiny_session(tmp_path, small_cohort).run()
    state = tmp_path / STATE_NAME
    state.write_bytes(state.read_bytes()[:-200])
    with pytest.raises(BundleError, match=f"{state}: .*damaged.*Delete it"):
        tiny_session(tmp_path, small_cohort).run()


def test_every_epoch_and_seed_has_random_numbers_of_its_own(small_cohort: Path, tmp_path: Path) -> None:
    drawn = []
    for seed in (0, 1):
        session = tiny_session(tmp_path / str(seed), small_cohort, seed=seed)
        session.trainer.add_event_handler(Events.ITERATION_STARTED, lambda _: drawn.append(torch.rand(1).item()))
        session.run()
    assert len(set(drawn)) == len(drawn) == 2 * 3 * 3  # seeds, epochs, batches
