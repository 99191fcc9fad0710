"""A whole benchmark of milliseconds' networks on the small cohort, run once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.rough_references import rough_references
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.running import Predictions, run_benchmark

ROI = {"size": [8, 16, 16], "spacing": [2.0, 2.0, 2.0], "window": [-1200.0, 600.0]}
"""The whole of the small cohort's scans in few voxels."""


@pytest.fixture(scope="session")
def protocol(small_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    """Two systems, two folds, two seeds, one run on permuted labels."""
    return Protocol(
        dataset_dir=small_cohort,
        out=tmp_path_factory.mktemp("benchmark"),
        bundle_root=REPOSITORY,
        systems=("t1_image", "csfnet"),
        folds=2,
        seeds=2,
        config_files=(str(REPOSITORY / "configs" / "cpu_demo.json"),),
        overrides={"train#trainer#max_epochs": 1, "roi": ROI},
        permutations=1,
    )


@pytest.fixture(scope="session")
def predictions(protocol: Protocol) -> Predictions:
    with rough_references():
        return run_benchmark(protocol, ("cpu",))


@pytest.fixture(autouse=True)
def quick_references() -> Iterator[None]:
    with rough_references():
        yield


@pytest.fixture
def fresh(protocol: Protocol, tmp_path: Path) -> Protocol:
    """The same in an empty folder, one fold and seed, with the ROIs that are there."""
    return replace(protocol, out=tmp_path, cache_dir=protocol.rois, folds=1, seeds=1, permutations=0)
