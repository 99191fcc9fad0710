import time

import pytest

from csfnet_bundle.core import processor_time
from csfnet_bundle.core.processor_time import REST, START, loaded, print_shares, share, shares


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [5.0]
    monkeypatch.setattr(time, "process_time", lambda: now[0])
    monkeypatch.setattr(processor_time, "_spent", {})
    return now


@share("reading")
def _fail(clock: list[float]) -> None:
    clock[0] += 8
    raise RuntimeError("damaged")


def test_a_share_within_another_counts_for_itself(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    loaded()
    with share("match"):
        clock[0] += 1
        with share("reading"):
            clock[0] += 2
        clock[0] += 4
    with pytest.raises(RuntimeError, match="damaged"):
        _fail(clock)
    clock[0] += 16
    assert shares() == {START: 5, "match": 5, "reading": 10, REST: 16}
    print_shares(pairs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[1].split()[0] for line in lines] == ["import", "reading", "match", "other", "all"]
    assert lines[2].endswith("2.50 s a pair")
    assert "36.00 s" in lines[-1]
