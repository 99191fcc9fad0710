"""How many pairs a second the loaders give and a network trains on, and what of the machine's arithmetic that uses."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import Dataset
from monai.transforms import Compose
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from csfnet_bundle import __version__
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.inputs.store import Source, StoredRoi, open_store
from csfnet_bundle.inputs.store.identity import PairIdentity
from csfnet_bundle.inputs.transforms import EncodeClinicald, FollowUpRoid, ScaleWindowd, random_augmentation
from csfnet_bundle.networks import create_system
from csfnet_bundle.networks.bfloat16 import bfloat16_where
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.training import FlipsAndTurns, MemoryLoader, training_loader

logger = logging.getLogger(__name__)

MATRIX = 2048
"""Edge of the square matrices that tell the machine's peak: large enough for every cache, done in a second."""
CLASSES = 2
PROCESS_CLOCK = 2
"""With a process's number it makes the id of its processor clock: clock_getcpuclockid(3), which Python lacks."""


@dataclass(frozen=True)
class SpeedOptions:
    """What is measured.

    Attributes:
        pairs: in the set; drawn, since no time depends on what they show.
        batch_size: pairs in a batch.
        step_batch_size: pairs in a batch of the training step.
        seconds: of each measurement, at least.
        workers: processes that read from the store.
        system: the network.
        width: of it, as a share of the paper's.
        amp: forward pass in bfloat16.
        roi: size, spacing and window.
        device: where the network is.
    """

    pairs: int = 512
    batch_size: int = 64
    step_batch_size: int = 64
    seconds: float = 5.0
    workers: int = 2
    system: str = "csfnet"
    width: float = 1.0
    amp: bool = False
    roi: RoiSettings = field(default_factory=RoiSettings)
    device: str = "cpu"


def measure_training_speed(options: SpeedOptions, out: Path | None = None) -> dict[str, Any]:
    """Measure, print a table, and write the figures where a file is named."""
    with tempfile.TemporaryDirectory() as folder:
        items = draw_items(Path(folder), options)
        still = _still(Path(folder) / "store", options)
        memory = MemoryLoader(Dataset(items, still), options.batch_size, options.device, FlipsAndTurns(0.5))
        memory.load()
        augmented = Dataset(items, Compose([*still.transforms, random_augmentation()]))
        store = training_loader(augmented, options.batch_size, num_workers=options.workers)
        step, flops = _step(options)
        small = MemoryLoader(memory.dataset, options.step_batch_size, options.device, FlipsAndTurns(0.5))
        batch = next(iter(small))
        rates = {
            "loader, set in memory": _rate(_endless(memory), options, lambda _: None),
            f"loader, from the store, {options.workers} workers": _rate(_endless(store), options, lambda _: None),
            "loader, from the store, this process": _rate(
                _endless(training_loader(augmented, options.batch_size)), options, lambda _: None
            ),
            "step alone": _rate(iter(lambda: batch, None), options, step),
            "loader in memory and step": _rate(_endless(small), options, step),
        }
        del store
    peak = matmul_peak(options.device, torch.bfloat16 if options.amp else torch.float32)
    used = flops * rates["step alone"][0] / peak
    result = {
        "version": __version__,
        "machine": {
            "device": torch.cuda.get_device_name() if options.device.startswith("cuda") else platform.machine(),
            "threads": torch.get_num_threads(),
            "processors": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "options": {**asdict(options), "roi": options.roi.to_plain()},
        "pairs_per_s": {name: round(rate, 1) for name, (rate, _) in rates.items()},
        "pairs_per_processor_s": {name: round(rate, 1) for name, (_, rate) in rates.items()},
        "gflop_a_pair": round(flops / 1e9, 3),
        "matmul_peak_gflops": round(peak / 1e9, 1),
        "share_of_peak": round(used, 4),
    }
    print(training_speed_markdown(result))
    if out is not None:
        write_atomically(out, json.dumps(result, indent=1) + "\n")
    return result


def training_speed_markdown(result: Mapping[str, Any]) -> str:
    """Return the table of a measurement, and what it comes to."""
    of_process = result["pairs_per_processor_s"]
    rows = [
        [name, *(f"{value:,.{int(value < 10)}f}" for value in (rate, of_process[name]))]
        for name, rate in result["pairs_per_s"].items()
    ]
    machine, options = result["machine"], result["options"]
    of_store = next(of_process[name] for name in of_process if "workers" in name)
    size = "x".join(f"{edge:g}" for edge in options["roi"]["size"])
    return (
        f"{markdown_table(['what', 'pairs/s', 'pairs a processor-second'], rows)}\n\n"
        f"{size} voxels, batches of {options['batch_size']} (step: {options['step_batch_size']}), "
        f"{options['system']} at width {options['width']:g}; {machine['device']}, {machine['threads']} threads, "
        f"load {machine['load']:g} on {machine['processors']} processors. Two processors that do nothing else give "
        f"{2 * of_store:,.0f} pairs/s from the store. "
        f"The step uses {100 * result['share_of_peak']:.1f} % of the peak of a "
        f"matrix product, {result['matmul_peak_gflops']:,.0f} GFLOP/s ({result['gflop_a_pair']:.2f} GFLOP a pair, "
        "forward and backward)."
    )


def draw_items(folder: Path, options: SpeedOptions) -> list[dict[str, Any]]:
    """Fill a store with drawn ROIs and return records whose images are nowhere."""
    random = np.random.default_rng(0)
    cache = RoiCache(folder / "store", options.roi)
    store = open_store(folder / "store")
    depth, height, width = options.roi.size
    margin = (2, 4, 4)
    shape = (2, depth + 4, height + 8, width + 8)
    noise = random.normal(-600, 300, shape).astype(np.float32)
    point = Point((0.0, 0.0, 0.0), Space.LPS)
    items: list[dict[str, Any]] = []
    for number in range(options.pairs):
        subject = f"drawn{number:06d}"
        pair = FollowUpPair(subject, "1", Scan("t1.nii", point), Scan("t0.nii", point), number % CLASSES)
        identity = PairIdentity.of(pair)
        entry = StoredRoi(
            key=identity.key,
            subject=subject,
            nodule="1",
            places=identity.places,
            size=options.roi.size,
            spacing=options.roi.spacing,
            margin=margin,
            shape=shape,
            affines=(tuple(map(tuple, np.eye(4).tolist())),) * 2,
            findings=(),
            series=(None, None),
            sources=(Source("t0", ""), Source("t1", "")),
            reader_version=2,
            bundle_version=__version__,
            written_ns=0,
            offset=0,
            crc32=0,
        )
        store.append(entry, noise + np.float32(number))
        items.append({"pair": pair, "datalist_folder": str(folder), "label": number % CLASSES})
        cache.look_up(pair, folder)
    store.close_writer()
    return items


def _still(store: Path, options: SpeedOptions) -> Compose:
    roi = options.roi.to_plain()
    keep = ("image", "clinical", "interval_days", "label")
    return Compose(
        [
            FollowUpRoid(roi=roi, cache_dir=store),
            ScaleWindowd(roi=roi),
            EncodeClinicald(),
            lambda record: {name: record[name] for name in keep},
        ]
    )


def _endless(loader: Any) -> Iterator[dict[str, Any]]:
    while True:
        yield from loader


def _rate(
    batches: Iterator[dict[str, Any]], options: SpeedOptions, use: Callable[[dict[str, Any]], object]
) -> tuple[float, float]:
    """Return pairs a second, and a processor-second of all processes, after a first batch that nobody times."""
    use(next(batches))
    _wait(options.device)
    started, before, pairs = time.perf_counter(), _processor_seconds(), 0
    while time.perf_counter() - started < options.seconds:
        batch = next(batches)
        use(batch)
        pairs += len(batch["label"])
    _wait(options.device)
    return pairs / (time.perf_counter() - started), pairs / (_processor_seconds() - before)


def _processor_seconds() -> float:
    """Return what this process and its living workers have used, on Linux; elsewhere this process alone."""
    spent = time.process_time()
    if sys.platform == "linux":
        for worker in multiprocessing.active_children():
            assert worker.pid is not None
            spent += time.clock_gettime((~worker.pid << 3) | PROCESS_CLOCK)
    return spent


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _step(options: SpeedOptions) -> tuple[Callable[[dict[str, Any]], object], float]:
    """Return a training step on a batch, and its operations a pair."""
    network = create_system(options.system, options.width, options.roi.size, {}).to(options.device)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    loss = torch.nn.CrossEntropyLoss()
    kind = torch.device(options.device).type

    def step(batch: dict[str, Any]) -> None:
        inputs: Sequence[Tensor] = [
            torch.as_tensor(batch[name]).to(options.device) for name in ("image", "clinical", "interval_days", "label")
        ]
        image, clinical, interval, label = inputs
        optimizer.zero_grad(set_to_none=True)
        with bfloat16_where(options.amp, kind):
            value = loss(network(image, clinical=clinical, interval_days=interval), label)
        value.backward()
        optimizer.step()

    small = replace(options, pairs=2, batch_size=2)
    with tempfile.TemporaryDirectory() as folder:
        items = draw_items(Path(folder), small)
        batch = next(iter(MemoryLoader(Dataset(items, _still(Path(folder) / "store", small)), 2)))
    with FlopCounterMode(display=False) as counter:
        step(batch)
    return step, counter.get_total_flops() / small.pairs


def matmul_peak(device: str, dtype: torch.dtype) -> float:
    """Return the operations a second of a product of large square matrices: what the device can do at most."""
    one, other = (torch.randn(MATRIX, MATRIX, device=device, dtype=dtype) for _ in range(2))
    one @ other
    _wait(device)
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        one @ other
        _wait(device)
        best = max(best, 2 * MATRIX**3 / (time.perf_counter() - started))
    return best
