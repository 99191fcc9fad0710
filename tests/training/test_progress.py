import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from helpers.tiny_training import PAIRS, tiny_session

from csfnet_bundle.training import progress


class _Clock:
    """A clock of which every look costs a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.time, "monotonic", _Clock())


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == progress.logger.name]


def _seconds_left(line: str) -> float:
    found = re.search(r"(\d+):(\d+):(\d+) left$", line)
    assert found is not None
    hours, minutes, seconds = map(int, found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


@pytest.mark.usefixtures("clock")
def test_a_line_an_epoch_with_the_time_left(
    small_cohort: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        session = tiny_session(tmp_path, small_cohort, epochs=4)
        session.run()
    lines = _lines(caplog)
    assert [line.split(":")[0] for line in lines] == ["epoch 1/4", "epoch 2/4", "epoch 3/4", "epoch 4/4"]
    left = [_seconds_left(line) for line in lines]
    assert left == sorted(left, reverse=True)
    assert left[0] > 0
    assert left[-1] == 0
    for line, row in zip(lines, session.best_model.history, strict=True):
        assert f"loss {row['training_loss']:.4f}, validation validation_auc {row['validation_auc']:.4f}" in line


@pytest.mark.usefixtures("clock")
def test_a_long_epoch_shows_that_it_moves(
    small_cohort: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 2.0)
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        tiny_session(tmp_path, small_cohort, epochs=2).run()
    within = [line for line in _lines(caplog) if "batch" in line]
    batches = -(-PAIRS // 3)
    assert within
    assert all(re.match(rf"epoch [12]/2, batch [1-{batches}]/{batches}, ", line) for line in within)


def test_before_the_first_validation_there_is_no_best(
    small_cohort: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        tiny_session(tmp_path, small_cohort, epochs=2, interval=2).run()
    first, second = _lines(caplog)
    assert "validation validation_auc not yet, " in first
    assert "at epoch 2" in second
