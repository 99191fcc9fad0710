"""A whole benchmark of milliseconds' networks on the small cohort, run once."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.made_once import MadeOnce
from helpers.rough_references import rough_references
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.running import Predictions, run_benchmark

ROI = {"size": [8, 16, 16], "spacing": [2.0, 2.0, 2.0], "window": [-1200.0, 600.0]}
"""The whole of the small cohort's scans in few voxels."""


@pytest.fixture(scope="session")
def protocol(small_cohort: Path) -> Protocol:
    """Two systems, two folds, two seeds, one run on permuted labels."""
    # Beside the cohort, as the folder that it is copied from: fits know their data by the way from folder to folder.
    return _protocol(small_cohort, small_cohort.with_name(f"benchmark_{os.getpid()}"))


@pytest.fixture(scope="session")
def predictions(protocol: Protocol, made_once: MadeOnce) -> Predictions:
    """What the benchmark predicted; it lies finished in the protocol's folder."""

    def run(out: Path) -> None:
        run_benchmark(_protocol(protocol.dataset_dir, out), ("cpu",))

    with rough_references():
        shutil.copytree(made_once("benchmark", run), protocol.out, dirs_exist_ok=True)
        return run_benchmark(protocol, ("cpu",))


def _protocol(dataset_dir: Path, out: Path) -> Protocol:
    return Protocol(
        dataset_dir=dataset_dir,
        out=out,
        bundle_root=REPOSITORY,
        systems=("t1_image", "csfnet"),
        folds=2,
        seeds=2,
        config_files=(str(REPOSITORY / "configs" / "cpu_demo.json"),),
        overrides={"train#trainer#max_epochs": 1, "roi": ROI},
        permutations=1,
    )


@pytest.fixture(autouse=True)
def quick_references() -> Iterator[None]:
    with rough_references():
        yield


@pytest.fixture
def fresh(protocol: Protocol, tmp_path: Path) -> Protocol:
    """The same in an empty folder, one fold and seed, with the ROIs that are there."""
    return replace(protocol, out=tmp_path, cache_dir=protocol.rois, folds=1, seeds=1, permutations=0)
