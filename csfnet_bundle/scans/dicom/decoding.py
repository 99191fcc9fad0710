"""Decoding compressed frames in child processes, with a time limit.

The children are ordinary programs spoken to over pipes, not :mod:`multiprocessing`: they start from a data loader's
daemonic workers too, need no ``if __name__ == "__main__"`` in the user's script, and a hung one can be killed.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.scans.dicom.codestream import CodestreamError, check_codestream
from csfnet_bundle.scans.dicom.decoder_protocol import DECODED, REPLY, REQUEST
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED, TransferSyntax
from csfnet_bundle.scans.dicom.tolerances import (
    DECODE_CPU_PIXELS,
    DECODE_CPU_SECONDS,
    DECODE_SECONDS,
    DECODE_START_SECONDS,
    DECODER_MEMORY_BYTES,
    FRAMES_PER_DECODER,
    MAX_DECODERS,
)

_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class DecodingError(Exception):
    """A frame that did not decode: damaged, too slow, or the decoder crashed."""


@dataclass(frozen=True)
class Frame:
    """One compressed frame and what its header says about it.

    Attributes:
        data: its bytes.
        syntax_uid: TransferSyntaxUID, one of the compressed ones on the allow-list.
        rows: Rows.
        columns: Columns.
        bits_stored: BitsStored.
        signed: PixelRepresentation is 1.
    """

    data: bytes
    syntax_uid: str
    rows: int
    columns: int
    bits_stored: int
    signed: bool

    @property
    def syntax(self) -> TransferSyntax:
        """Its transfer syntax."""
        return ALLOWED[self.syntax_uid]


@cache
def has_decoder(syntax: TransferSyntax) -> bool:
    """Whether the module that decodes the syntax is installed."""
    return not syntax.module or importlib.util.find_spec(syntax.module) is not None


class DecoderProcess:
    """One child process; restarted after a crash or a time-out."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, frame: Frame) -> NDArray[np.uint16]:
        """Return the pixels as 16-bit words, shape (rows, columns).

        Raises:
            DecodingError: the codestream is not what the header says, the decoder failed, crashed or took too long.
        """
        try:
            check_codestream(frame.data, frame.syntax, frame.rows, frame.columns)
        except CodestreamError as error:
            raise DecodingError(str(error)) from None
        seconds = DECODE_SECONDS
        if self._process is None or self._process.poll() is not None:
            self._process = _start()
            seconds = DECODE_START_SECONDS
        process = self._process
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(seconds, expire)
        timer.start()
        try:
            reply = _exchange(process, frame)
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
        if reply is None:
            self.close()
            slow = expired.is_set() or process.returncode == -getattr(signal, "SIGPROF", 0)
            raise DecodingError("takes too long to decode" if slow else "crashed its decoder")
        status, content = reply
        if status != DECODED:
            raise DecodingError(f"does not decode ({content.decode('utf-8', 'replace')})")
        if len(content) != 2 * frame.rows * frame.columns:
            raise DecodingError(f"decoded to {len(content)} bytes")
        return np.frombuffer(content, "<u2").astype(np.uint16, copy=False).reshape(frame.rows, frame.columns)

    @property
    def process_id(self) -> int | None:
        """The child's process id; None if there is none."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _start() -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # Decoders are single-threaded; thread pools of numerical libraries would only reserve address space.
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "csfnet_bundle.scans.dicom.decoder_child", str(DECODER_MEMORY_BYTES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **single, "PYTHONPATH": path},
    )


def _exchange(process: subprocess.Popen[bytes], frame: Frame) -> tuple[int, bytes] | None:
    """Send a frame and wait for its reply; None if the child ended before it."""
    assert process.stdin is not None
    assert process.stdout is not None
    options = {
        "syntax": frame.syntax_uid,
        "plugin": frame.syntax.plugin,
        "rows": frame.rows,
        "columns": frame.columns,
        "bits_stored": frame.bits_stored,
        "signed": frame.signed,
        "cpu_seconds": DECODE_CPU_SECONDS * max(1.0, frame.rows * frame.columns / DECODE_CPU_PIXELS),
    }
    text = json.dumps(options).encode("ascii")
    try:
        process.stdin.write(REQUEST.pack(len(text), len(frame.data)) + text)
        process.stdin.write(frame.data)
        process.stdin.flush()
        head = process.stdout.read(REPLY.size)
        if len(head) < REPLY.size:
            return None
        status, length = REPLY.unpack(head)
        content = process.stdout.read(length)
    except OSError:
        return None
    return (status, content) if len(content) == length else None


class DecoderPool:
    """A few child processes, kept for the next series."""

    def __init__(self) -> None:
        self._process_id = os.getpid()
        self._idle: list[DecoderProcess] = []
        self._lock = threading.Lock()

    @property
    def is_inherited(self) -> bool:
        """Whether this process was forked from the one that owns the children."""
        return self._process_id != os.getpid()

    @property
    def process_ids(self) -> list[int]:
        """The children that wait for work."""
        return [child.process_id for child in self._idle if child.process_id is not None]

    def decode(self, frame: Frame) -> NDArray[np.uint16]:
        """Decode one frame in an idle child, or a new one."""
        with self._lock:
            child = self._idle.pop() if self._idle else DecoderProcess()
        try:
            return child.decode(frame)
        finally:
            with self._lock:
                self._idle.append(child)

    def decode_all(self, frames: Sequence[Callable[[], Frame]]) -> Iterator[NDArray[np.uint16]]:
        """Yield the pixels of the frames in their order; each is read only shortly before it is decoded.

        Raises:
            DecodingError: see :meth:`DecoderProcess.decode`; also whatever reading a frame raises.
        """
        workers = max(1, min(MAX_DECODERS, os.cpu_count() or 1, len(frames) // FRAMES_PER_DECODER))
        if workers == 1:
            for read in frames:
                yield self.decode(read())
            return
        pending: deque[Future[NDArray[np.uint16]]] = deque()
        with ThreadPoolExecutor(workers) as threads:
            try:
                for read in frames:
                    pending.append(threads.submit(self._read_and_decode, read))
                    if len(pending) > 2 * workers:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _read_and_decode(self, read: Callable[[], Frame]) -> NDArray[np.uint16]:
        return self.decode(read())

    def close(self) -> None:
        """End all children."""
        with self._lock:
            for child in self._idle:
                child.close()
            self._idle.clear()


_pool = DecoderPool()


def decoder_pool() -> DecoderPool:
    """Return this process's pool."""
    global _pool
    if _pool.is_inherited:
        _pool = DecoderPool()
    return _pool


@atexit.register
def close_decoders() -> None:
    """End the children of this process; they start again when needed."""
    if not _pool.is_inherited:
        _pool.close()
