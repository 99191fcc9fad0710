"""Fixtures of the Med-ST tests: radiographs, and the smallest network."""

from pathlib import Path

import pytest
from helpers.medst_cohort import ROI, make_radiographs

from csfnet_bundle.medst import PretrainingNetwork, SentenceTokenizer, StudyViews, load_tokenizer, text_config


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of reports; read only."""
    return make_radiographs(tmp_path_factory.mktemp("radiographs"))


@pytest.fixture(scope="session")
def tokenizer() -> SentenceTokenizer:
    return load_tokenizer("packaged")


@pytest.fixture(scope="session")
def network() -> PretrainingNetwork:
    """A tiny network with random weights; read only."""
    return PretrainingNetwork(text_config("untrained"), size="tiny").eval()


@pytest.fixture(scope="session")
def views(tmp_path_factory: pytest.TempPathFactory) -> StudyViews:
    return StudyViews(["coronal", "sagittal"], "tiny", ROI, tmp_path_factory.mktemp("rois"))
