"""Fixtures of the cohort tests; the module ``nlst_files`` beside it writes studies, indexes and tables."""

from pathlib import Path

import pytest
from helpers.nlst_files import LUNA25_HEADER, NLSTX_HEADER, Archive, write_csv
from helpers.s3_server import serve


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def make_table(tmp_path: Path):
    """Write a table of positions."""

    def make(kind: str, rows: list[list[object]]) -> Path:
        return write_csv(tmp_path / f"{kind}.csv", {"nlstx": NLSTX_HEADER, "luna25": LUNA25_HEADER}[kind], rows)

    return make


@pytest.fixture(scope="session")
def s3():
    yield from serve()
