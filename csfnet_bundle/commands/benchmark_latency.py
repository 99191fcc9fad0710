"""``benchmark-latency``: how long a prediction takes in PyTorch, TorchScript and ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.options import Whole


def benchmark_latency(
    out: Path = Path("docs/results/latency.json"),
    batch_sizes: Whole = (1, 2, 4, 8),
    runs: int = 15,
    threads: int = 1,
    model: Path | None = None,
    full_width: bool = True,
) -> None:
    """Time predictions by batch size, the runtimes taking turns, and print a table.

    Args:
        out: the result file, JSON; ``python scripts/make_docs.py`` brings it to docs/export.md.
        batch_sizes: pairs in a batch.
        runs: timed runs of each batch.
        threads: of the processor.
        model: the checkpoint; by default the bundle's models/model.pt.
        full_width: also time the network of configs/train.json with random weights.

    Examples:
        csfnet benchmark-latency --runs 7
        csfnet benchmark-latency --model model.pt --batch_sizes 1,8 --nofull_width
    """
    from csfnet_bundle.studies import latency

    latency.benchmark_latency(bundle_root(), out, batch_sizes, runs, threads, model, full_width=full_width)
