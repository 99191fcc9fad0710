"""How long a prediction takes in PyTorch, TorchScript and ONNX Runtime."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import import_extra, require_extra
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import CSFNet, count_parameters
from csfnet_bundle.prediction.checkpoint import MODEL_NAME, ModelCheckpoint, load_checkpoint
from csfnet_bundle.serving.export import (
    example_pairs,
    measure_latency,
    onnx_runtime,
    pytorch_runtime,
    torchscript_runtime,
    write_onnx,
    write_torchscript,
)

RUNTIMES = ("PyTorch", "TorchScript", "ONNX Runtime")


def benchmark_latency(
    root: Path, out: Path, sizes: Sequence[int], runs: int, threads: int, model: Path | None, *, full_width: bool
) -> None:
    """Time predictions by batch size, the runtimes taking turns, write the result and print a table.

    Args:
        root: the bundle's root.
        out: the result file, JSON.
        sizes: pairs in a batch.
        runs: timed runs of each batch.
        threads: of the processor.
        model: the checkpoint; by default the bundle's models/model.pt.
        full_width: also time the network of configs/train.json with random weights.

    Raises:
        BundleError: a number below 1, or no checkpoint.
    """
    if min(sizes) < 1 or runs < 1 or threads < 1:
        raise BundleError("batch sizes, runs and threads must be at least 1")
    require_extra("export", "onnx", "onnxscript", "onnxruntime")
    checkpoint = load_checkpoint(root / "models" / MODEL_NAME if model is None else model)
    networks = {"as shipped" if model is None else model.name: checkpoint}
    if full_width:
        networks["full width, random weights"] = _full_width(checkpoint)
    torch.set_num_threads(threads)
    document = {
        "command": f"python -m csfnet_bundle benchmark-latency --runs={runs} --threads={threads}",
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "threads": threads},
        "load_before": os.getloadavg()[0],
        "versions": {
            "csfnet_bundle": __version__,
            "torch": str(torch.__version__),
            "onnxruntime": str(import_extra("onnxruntime", "export").__version__),
        },
        "networks": [_time(name, made, sizes, runs, threads, root) for name, made in networks.items()],
    }
    write_atomically(out, json.dumps(document, indent=1) + "\n")
    print(latency_markdown(document))


def latency_markdown(document: Mapping[str, Any]) -> str:
    """Return the result as Markdown: what was timed on what, and a table for each network."""
    machine, versions = document["machine"], document["versions"]
    lines = [
        f"Median of the runs (first to third quartile), milliseconds for the whole batch, on {machine['processor']}, "
        f"{machine['threads']} of {machine['cores']} cores; torch {versions['torch']}, ONNX Runtime "
        f"{versions['onnxruntime']}. Load of the machine before the run: {document['load_before']:.1f}; the runtimes "
        "take turns, so read the columns against each other.",
        "",
    ]
    for network in document["networks"]:
        size = " x ".join(str(voxels) for voxels in network["roi_size"])
        lines += [f"CSF-Net, {network['name']}: {network['parameters']:,} parameters, ROI {size}.", ""]
        by_cell = {(entry["batch_size"], entry["runtime"]): entry for entry in network["latencies"]}
        sizes = sorted({size for size, _ in by_cell})
        rows = [[size, *(_cell(by_cell[size, runtime]) for runtime in RUNTIMES)] for size in sizes]
        lines += [markdown_table(["pairs in a batch", *RUNTIMES], rows)]
    return "\n".join(lines).rstrip("\n")


def _cell(entry: Mapping[str, Any]) -> str:
    first, third = entry["quartiles_ms"]
    return f"{entry['median_ms']:.0f} ({first:.0f} to {third:.0f})"


def _time(
    name: str, checkpoint: ModelCheckpoint, sizes: Sequence[int], runs: int, threads: int, root: Path
) -> dict[str, object]:
    network = checkpoint.create_network()
    pairs = example_pairs(max(sizes), checkpoint.roi.size, checkpoint.code_book.sizes)
    with tempfile.TemporaryDirectory() as folder:
        script, onnx = Path(folder, "model.ts"), Path(folder, "model.onnx")
        write_torchscript(script, checkpoint, root / "configs")
        write_onnx(onnx, checkpoint)
        runtimes = (pytorch_runtime(network), torchscript_runtime(script), onnx_runtime(onnx, threads))
        latencies = measure_latency(dict(zip(RUNTIMES, runtimes, strict=True)), pairs, sizes, runs)
    return {
        "name": name,
        "parameters": count_parameters(network),
        "roi_size": list(checkpoint.roi.size),
        "latencies": [asdict(latency) for latency in latencies],
    }


def _full_width(checkpoint: ModelCheckpoint) -> ModelCheckpoint:
    """The paper's network and ROI with random weights: how long it takes does not depend on them."""
    network = CSFNet()
    return replace(
        checkpoint,
        weights=network.state_dict(),
        architecture=network.architecture(),
        roi=RoiSettings(),
        provenance={"trained_on": "nothing: random weights"},
    )


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
