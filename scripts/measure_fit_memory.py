"""Measure what finished fits of a benchmark leave in memory.

    python scripts/measure_fit_memory.py --json docs/results/fit_memory.json

CSF-Net is trained for one epoch on a small cohort, several times in one process, as a benchmark does it; after each fit
the bytes of all tensors that are still alive are added up. Then the same again, without the collection that ends a fit.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark import fitting
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.splits import make_splits, write_split

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

from helpers.small_cohort import make_small_cohort  # noqa: E402 - the tests' cohort

ROI = {"size": [8, 16, 16], "spacing": [2.0, 2.0, 2.0], "window": [-1200.0, 600.0]}
"""Few voxels: what a fit leaves is its network and the optimizer's state."""
FITS = 5


def living_megabytes() -> float:
    """Return the memory of all tensors that anything refers to, each storage once, MB."""
    storages = {}
    for item in gc.get_objects():
        if issubclass(type(item), torch.Tensor):
            storage = item.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values()) / 1e6


def measure(folder: Path, width: float, *, collected: bool) -> dict[str, Any]:
    """Run the fits; return what is alive before, and after each of them."""
    protocol = Protocol(
        dataset_dir=make_small_cohort(folder / "cohort"),
        out=folder / "out",
        bundle_root=ROOT,
        systems=("csfnet",),
        folds=1,
        seeds=FITS,
        overrides={
            "train#trainer#max_epochs": 1,
            "roi": ROI,
            "width": width,
            "num_workers": 0,
            "device": "$torch.device('cpu')",
        },
    )
    datalist = load_datalist(protocol.dataset_dir)
    write_split(protocol.cohort(protocol.fits[0]), datalist, make_splits(datalist, 1)[0])
    gc.collect()
    living, collect = [living_megabytes()], gc.collect
    for fit in protocol.fits:
        with patch.object(fitting.gc, "collect", collect if collected else lambda: 0):
            fitting.run_fit(protocol, fit, "cpu")
        living.append(living_megabytes())
        print(f"collected: {collected}, fit {len(living) - 1}: {living[-1]:.1f} MB alive", flush=True)
    record = fitting.read_fit_record(protocol, protocol.fits[0])
    return {
        "collected": collected,
        "living_mb": [round(value, 1) for value in living],
        "parameters": record["parameters"],
        "largest_resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    for collected in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(Path(folder), options.width, collected=collected))
    document = {"width": options.width, "fits": FITS, "rows": rows}
    write_atomically(options.json, json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
