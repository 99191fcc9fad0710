import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import compress, make_series, to_big_endian, write_series
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.scans.dicom import Series, decoding, read_roi, read_volume, scan_folder, select_series
from csfnet_bundle.scans.dicom.decoding import close_decoders

COMPRESSED = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, *COMPRESSED],
    ids=lambda uid: uid.name,
)
def test_every_lossless_syntax_gives_the_same_voxels(syntax: str, bits: int, signed: bool, tmp_path: Path) -> None:
    intercept = 0 if signed else -1024
    series = make_series(intercept=intercept, BitsStored=bits, HighBit=bits - 1, PixelRepresentation=int(signed))
    expected = read_volume(select_series(scan_folder(write_series(tmp_path / "plain", series))))
    if syntax == ExplicitVRBigEndian:
        to_big_endian(series)
    if syntax in COMPRESSED:
        compress(series, syntax)
    found = read_volume(select_series(scan_folder(write_series(tmp_path / "other", series, syntax=syntax))))
    np.testing.assert_array_equal(found.array, expected.array)
    np.testing.assert_array_equal(found.affine, expected.affine)


@pytest.fixture
def compressed(tmp_path: Path) -> Series:
    series = make_series()
    compress(series, RLELossless)
    return select_series(scan_folder(write_series(tmp_path, series, syntax=RLELossless)))


def replace_child(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the pool start another program as its child."""

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    close_decoders()
    monkeypatch.setattr(decoding, "_start", start)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.abort()", "crashed"),
        ("import sys; sys.stdin.buffer.read(20); sys.exit(0)", "crashed"),
        ("import time; time.sleep(600)", "too long"),
        (
            "import signal, sys; sys.stdin.buffer.read(20); signal.setitimer(signal.ITIMER_PROF, 0.05)\nwhile True: 0",
            "too long",
        ),
    ],
    ids=["abort", "exit", "hang", "processor time"],
)
def test_a_decoder_that_crashes_or_hangs_ends_as_a_refusal(
    program: str, words: str, compressed: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_child(monkeypatch, program)
    monkeypatch.setattr(decoding, "DECODE_START_SECONDS", 3.0)
    with pytest.raises(Refusal) as caught:
        read_volume(compressed)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE
    assert words in str(caught.value)
    monkeypatch.undo()
    assert read_volume(compressed).array.max() > 0  # the next child is a sound one


def test_an_older_pydicom_is_said_so(compressed: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an environment that holds pydicom back, such as MONAI Label's, there are no such decoders."""
    replace_child(
        monkeypatch,
        "import sys; from csfnet_bundle.scans.dicom import decoder_child\n"
        "decoder_child.get_decoder = None; sys.argv = ['child', str(2**32)]; decoder_child.main()",
    )
    with pytest.raises(Refusal, match="compressed images need pydicom 3 or newer, this is") as caught:
        read_volume(compressed)
    assert caught.value.code is RefusalCode.UNREADABLE_SLICE
    close_decoders()


def test_the_childs_processor_time_is_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    series = make_series(shape=(256, 256, 3))
    noise = np.random.default_rng(0).integers(0, 3000, (256, 256), dtype=np.int16)
    for data in series:
        data.PixelData = noise.tobytes()
    compress(series, JPEG2000Lossless)
    scanned = select_series(scan_folder(write_series(tmp_path, series, syntax=JPEG2000Lossless)))
    monkeypatch.setattr(decoding, "DECODE_CPU_SECONDS", 0.001)
    with pytest.raises(Refusal, match="too long"):
        read_volume(scanned)


def test_many_frames_are_decoded_by_several_children_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    series = make_series()
    plain = read_volume(select_series(scan_folder(write_series(tmp_path / "plain", series))))
    compress(series, RLELossless)
    monkeypatch.setattr(decoding, "FRAMES_PER_DECODER", 5)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    folder = write_series(tmp_path / "compressed", series, syntax=RLELossless)
    np.testing.assert_array_equal(read_volume(select_series(scan_folder(folder))).array, plain.array)


@pytest.mark.parametrize("syntax", COMPRESSED[1:], ids=lambda uid: uid.name)
def test_a_missing_plugin_is_named(syntax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = make_series()
    compress(series, syntax)
    scanned = select_series(scan_folder(write_series(tmp_path, series, syntax=syntax)))
    monkeypatch.setattr("csfnet_bundle.scans.dicom.series.has_decoder", lambda syntax: False)
    for read in (read_volume, lambda series: read_roi(series, Point((20, 15, 7), Space.VOXEL))):
        with pytest.raises(Refusal, match=r"csfnet-bundle\[codecs\]") as caught:
            read(scanned)
        assert caught.value.code is RefusalCode.TRANSFER_SYNTAX


def test_decoding_works_after_a_fork_and_in_a_daemon(compressed: Series) -> None:
    """Data loader workers are forked daemons: they may not have children of multiprocessing, and inherit the pool."""
    import multiprocessing

    expected = read_volume(compressed).array.sum()
    context = multiprocessing.get_context("fork")
    sums = context.SimpleQueue()
    worker = context.Process(target=lambda: sums.put(read_volume(compressed).array.sum()), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads, which the test means to do
        worker.start()
    assert sums.get() == expected
    worker.join()
