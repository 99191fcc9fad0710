"""The latency command: every runtime and batch size, in turns, written to a file and as a table."""

import json
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.serving.export import Pairs, example_pairs, measure_latency
from csfnet_bundle.studies.latency import RUNTIMES, latency_markdown


@pytest.mark.long
def test_the_command_writes_its_result_and_prints_it(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "latency.json"
    words = ["benchmark-latency", f"--out={result}", f"--model={model}"]
    assert main([*words, "--batch_sizes=1,3", "--runs=2", "--full_width=False"]) == 0
    document = json.loads(result.read_text())
    (network,) = document["networks"]
    assert network["roi_size"] == [16, 32, 32]
    measured = {(entry["runtime"], entry["batch_size"]): entry for entry in network["latencies"]}
    assert measured.keys() == {(runtime, size) for runtime in RUNTIMES for size in (1, 3)}
    for entry in measured.values():
        first, third = entry["quartiles_ms"]
        assert 0 < first <= entry["median_ms"] <= third
    assert latency_markdown(document) in capsys.readouterr().out
    assert "| 3 " in latency_markdown(document)


def test_runtimes_take_turns_on_the_same_batch() -> None:
    pairs = example_pairs(4, (4, 8, 8), (8, 4))
    seen: list[tuple[str, int]] = []

    def runtime(name: str):
        def run(batch: Pairs) -> np.ndarray:
            seen.append((name, len(batch)))
            return np.zeros((len(batch), 2), np.float32)

        return run

    results = measure_latency({"one": runtime("one"), "other": runtime("other")}, pairs, [2, 4], runs=3)
    assert [(latency.runtime, latency.batch_size, latency.runs) for latency in results] == [
        ("one", 2, 3),
        ("other", 2, 3),
        ("one", 4, 3),
        ("other", 4, 3),
    ]
    timed = [name for name, size in seen if size == 2][-6:]
    assert timed == ["one", "other"] * 3


@pytest.mark.parametrize("option", ["--batch_sizes=0", "--runs=0", "--threads=0"])
def test_impossible_counts_are_refused(option: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark-latency", f"--model={model}", option]) == 1
    assert "at least 1" in capsys.readouterr().err
