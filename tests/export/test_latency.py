"""The latency command: every runtime and batch size once, written to a file and into a page."""

import json
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.commands.benchmark_latency import BEGIN, END, RUNTIMES, latency_markdown
from csfnet_bundle.export import Pairs, example_pairs, measure_latency

PAGE = f"before\n{BEGIN}\nold\n{END}\nafter\n"


def test_the_command_writes_result_and_page(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, page = tmp_path / "latency.json", tmp_path / "page.md"
    page.write_text(PAGE)
    words = ["benchmark-latency", f"--out={result}", f"--page={page}", f"--model={model}"]
    assert main([*words, "--batch_sizes=1,3", "--runs=2", "--full_width=False"]) == 0
    document = json.loads(result.read_text())
    (network,) = document["networks"]
    assert network["roi_size"] == [16, 32, 32]
    measured = {(entry["runtime"], entry["batch_size"]): entry for entry in network["latencies"]}
    assert measured.keys() == {(runtime, size) for runtime in RUNTIMES for size in (1, 3)}
    for entry in measured.values():
        first, third = entry["quartiles_ms"]
        assert 0 < first <= entry["median_ms"] <= third
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert latency_markdown(document) in text
    assert latency_markdown(document) in capsys.readouterr().out


def test_a_page_without_the_comments_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    words = ["benchmark-latency", f"--out={tmp_path / 'x.json'}", f"--page={page}", f"--model={model}"]
    assert main([*words, "--batch_sizes=1", "--runs=1", "--full_width=False"]) == 1
    assert str(page) in capsys.readouterr().err
    assert page.read_text() == "nothing"


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
