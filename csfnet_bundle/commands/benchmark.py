"""``benchmark``: every system of the paper's tables on one cohort, under one protocol."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError

FOLDS = 5
SEEDS = 3
QUICK_CONFIG = f"{CONFIGS}/cpu_demo.json"


def benchmark(
    dataset_dir: Path,
    out: Path,
    systems: Words = (),
    folds: int | None = None,
    seeds: int | None = None,
    quick: bool = False,
    config: Words = (),
    epochs: int | None = None,
    permuted_labels: int = 0,
    without_reads: bool = False,
    evaluate_on: Path | None = None,
    pretrained: Path | None = None,
    devices: Words = (),
    scheduler: str | None = None,
    cache_dir: Path | None = None,
    common_test: int = 0,
    follow_links: bool = False,
) -> int:
    """Train, evaluate and compare systems; after an interruption the same command resumes.

    Writes results.json, tables.md, predictions and plots into ``out``. A fit that fails is a row of the results; the
    exit status is then 1, and the same command repeats that fit alone.

    Args:
        dataset_dir: the cohort: a folder with a datalist.
        out: folder for all that is made.
        systems: rows of the tables, by commas; by default all of the paper's.
        folds: of the cross-validation over patients, 5 by default; 1 takes the datalist's own split.
        seeds: networks a fold, averaged; 3 by default.
        quick: eighth width, 32 mm ROI, one split, one seed: a first look on a CPU.
        config: further config files over configs/train.json and the system's own, by commas.
        epochs: of every training; by default those of the config.
        permuted_labels: train CSF-Net (or the first system) on permuted labels so many times; 5 or more show a leak of
            the permuted label (not one of the true label, or of patients).
        without_reads: take the two radiologists' reads out of the clinical values.
        evaluate_on: another cohort, of other patients, that the trained folds predict.
        pretrained: model.pt of a pre-training on this split's training patients, for csfnet_medst and medst_probe.
        devices: e.g. cuda:0,cuda:1, one fit at a time on each; all GPUs by default, or the CPU; cpu,cpu runs two.
        scheduler: address of a Dask scheduler whose workers see the same files, instead of this machine's devices.
        cache_dir: where ROIs are cached; by default within ``out``.
        common_test: for phantoms, pairs of one further test set that every fit scores, ROIs alone; 7000 tell a
            difference of areas of .01 from zero with a power of 80 %.
        follow_links: read what symbolic links point to, as git-annex and DataLad make them.

    Examples:
        csfnet benchmark --dataset_dir data/nlstx --out output/benchmark
        csfnet benchmark data/phantoms output/quick --quick --devices cpu,cpu
    """
    from csfnet_bundle.networks import PAPER_SYSTEMS
    from csfnet_bundle.studies.benchmark.protocol import Protocol
    from csfnet_bundle.studies.benchmark.results import make_results
    from csfnet_bundle.studies.benchmark.running import run_benchmark
    from csfnet_bundle.studies.benchmark.writing import TABLES_NAME, write_benchmark
    from csfnet_bundle.training.workflow import EPOCHS

    root = bundle_root()
    files = [*([str(root / QUICK_CONFIG)] if quick else []), *(str(Path(name).resolve()) for name in config)]
    for name in files:
        if not Path(name).is_file():
            raise BundleError(f"there is no config file {name}", remedy="Name one of configs/, e.g. cpu_demo.json.")
    protocol = Protocol(
        dataset_dir=dataset_dir.resolve(),
        out=out.resolve(),
        bundle_root=root,
        systems=systems or PAPER_SYSTEMS,
        folds=folds if folds is not None else 1 if quick else FOLDS,
        seeds=seeds if seeds is not None else 1 if quick else SEEDS,
        config_files=tuple(files),
        overrides={
            **({} if epochs is None else {EPOCHS: epochs}),
            **({"follow_links": True} if follow_links else {}),
        },
        without_reads=without_reads,
        permutations=permuted_labels,
        cache_dir=None if cache_dir is None else cache_dir.resolve(),
        evaluate_on=None if evaluate_on is None else evaluate_on.resolve(),
        pretrained=None if pretrained is None else pretrained.resolve(),
        common_test=common_test,
    )
    predictions = run_benchmark(protocol, devices, scheduler)
    options = {
        "--dataset_dir": "DIR",
        "--out": "OUT",
        "--systems": ",".join(protocol.systems) if protocol.systems != PAPER_SYSTEMS else "",
        "--folds": protocol.folds,
        "--seeds": protocol.seeds,
        "--quick": quick or "",
        "--config": ",".join(config_name(Path(name).resolve(), root) for name in config),
        "--epochs": epochs or "",
        "--permuted_labels": permuted_labels or "",
        "--without_reads": without_reads or "",
        "--follow_links": follow_links or "",
        "--pretrained": "MODEL" if pretrained else "",
        "--common_test": common_test or "",
        "--evaluate_on": "" if evaluate_on is None else "OTHER",
    }
    words = " ".join(name if value is True else f"{name} {value}" for name, value in options.items() if value != "")
    document = make_results(protocol, predictions, f"python -m csfnet_bundle benchmark {words}")
    path = write_benchmark(protocol.out, document, predictions)
    for name, row in document["systems"].items():
        print(f"{name:34} AUC {_number(row['auc'])} ({_number(row['auc_bootstrap_lower'])} to "
              f"{_number(row['auc_bootstrap_upper'])})")  # fmt: skip
    print(f"{path}\n{protocol.out / TABLES_NAME}")
    for fit, why in predictions.failed.items():
        print(f"failed: {fit.name}: {why}", file=sys.stderr)
    return 1 if predictions.failed else 0


def _number(value: float | None) -> str:
    return json.dumps(None) if value is None or math.isnan(value) else f"{value:.3f}"


def config_name(config: Path, root: Path) -> str:
    """Return how a command that anyone may read names a config: below the bundle's root, or the file's name alone."""
    return config.relative_to(root).as_posix() if config.is_relative_to(root) else config.name
