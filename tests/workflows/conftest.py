"""Fixtures of the workflow tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.workflow_runs import TINY, TRAIN, make_workflow


@pytest.fixture(scope="session")
def roi_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roi_cache")


@pytest.fixture
def run(small_cohort: Path, roi_cache: Path) -> Callable[..., None]:
    """Run a workflow on the small cohort in this process."""

    def run_workflow(run_id: str, config_files: list[str], **override: Any) -> None:
        defaults = {"dataset_dir": str(small_cohort), "cache_dir": str(roi_cache)}
        workflow = make_workflow(run_id, config_files, **{**defaults, **override})
        workflow.run()
        workflow.finalize()

    return run_workflow


@pytest.fixture(scope="session")
def trained(small_cohort: Path, roi_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a finished tiny training."""
    output = tmp_path_factory.mktemp("trained")
    overrides = {**TINY, "dataset_dir": str(small_cohort), "cache_dir": str(roi_cache), "output_dir": str(output)}
    make_workflow("training", TRAIN, **overrides).run()
    return output
