"""A DICOMweb service on loopback that fails in a chosen way."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@dataclass
class Behaviour:
    """What it does: an HTTP status, ``hang``, ``break`` (closes the connection), ``nonsense``, or ``nothing`` found."""

    kind: int | str
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


@contextmanager
def faulty_pacs(kind: int | str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, Behaviour]]:
    """Start one, over TLS with a context; give its address and what it was asked."""
    behaviour = Behaviour(kind)

    class Handler(BaseHTTPRequestHandler):
        asked: ClassVar[Behaviour] = behaviour

        def do_GET(self) -> None:  # the base class's name
            self.asked.requests.append((self.path, dict(self.headers)))
            if self.asked.kind == "hang":
                self.asked.done.wait(30)
                return
            if self.asked.kind == "break":
                self.close_connection = True
                self.connection.close()
                return
            status = self.asked.kind if isinstance(self.asked.kind, int) else 200
            body = b"[]" if self.asked.kind == "nothing" else b"<html>a login page</html>"
            self.send_response(status)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/dicom-web", behaviour
    finally:
        behaviour.done.set()
        server.shutdown()
        server.server_close()
        thread.join()
