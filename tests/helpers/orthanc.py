"""An Orthanc of one's own on loopback, with its DICOMweb plug-in, a storage that is thrown away, and no log-in."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
START_SECONDS = 60


def orthanc_program() -> str:
    """Return Orthanc's program; skip the test where it is not installed."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc or its DICOMweb plug-in is not installed (Debian: orthanc, orthanc-dicomweb)")
    return program


class Orthanc:
    """A running server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.dicom_web = f"{self.url}/dicom-web"
        self.process = process

    def request(self, path: str, data: bytes | None = None, accept: str = "*/*") -> tuple[int, bytes]:
        """Return the status and the body of an answer of its own interface."""
        asked = Request(f"{self.url}{path}", data=data, headers={"Accept": accept})
        with urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()

    def store(self, path: Path) -> str:
        """Store a file; return its number in Orthanc's interface."""
        _, body = self.request("/instances", path.read_bytes())
        return str(json.loads(body)["ID"])

    def instances(self) -> list[dict[str, object]]:
        """Return what it holds."""
        return list(json.loads(self.request("/instances?expand")[1]))

    def stop(self) -> None:
        """End the server, as a power cut would."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Start a server whose storage lies in ``folder``, and end it afterwards."""
    program = orthanc_program()
    port, dicom_port = free_port(), free_port()
    configuration = {
        "Name": "csfnet test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "DicomPort": dicom_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "StorageCompression": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(path)], stdout=log, stderr=log)
        server = Orthanc(port, process)
        try:
            _wait(server, folder / "orthanc.log")
            yield server
        finally:
            server.stop()


def _wait(server: Orthanc, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            server.request("/system")
            return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"Orthanc did not start: {log.read_text(errors='replace')[-2000:]}")
