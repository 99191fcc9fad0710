"""What a study takes of a processor."""

import pytest

from csfnet_bundle.studies.real_nodules import spending
from csfnet_bundle.studies.real_nodules.spending import add_seconds, counted, read_seconds


def test_runs_are_summed_and_one_that_was_stopped_counts(tmp_path, monkeypatch):
    path = tmp_path / "seconds.json"
    assert read_seconds(path) == {}
    clock = iter([2.0, 5.0, 5.5, 7.0])
    monkeypatch.setattr(spending.time, "process_time", lambda: next(clock))
    with counted(path, "drawing"):
        pass
    with pytest.raises(KeyboardInterrupt), counted(path, "drawing"):
        raise KeyboardInterrupt
    assert read_seconds(path) == {"drawing": 4.5}
    monkeypatch.setattr(spending.time, "process_time", lambda: 8.0)
    assert add_seconds(path, "fitting", 7.5) == 8.0
    assert read_seconds(path) == {"drawing": 4.5, "fitting": 0.5}
