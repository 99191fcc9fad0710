"""A short run of the seeded fuzz; `python -m csfnet_bundle fuzz-reader` is the long one."""

import json
import os
import signal
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import make_series, write_series
from pydicom.uid import DeflatedExplicitVRLittleEndian

from csfnet_bundle.cohorts.phantom.fuzz_samples import FuzzSeries, make_fuzz_series
from csfnet_bundle.cohorts.phantom.mutations import mutate
from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series
from csfnet_bundle.scans.dicom.header import Skip
from csfnet_bundle.scans.dicom.scan import read_instances
from csfnet_bundle.studies.reader import fuzz_measuring, fuzz_worker, fuzzing


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[FuzzSeries]:
    return make_fuzz_series(tmp_path_factory.mktemp("fuzz") / "series")


def test_damaged_files_are_read_skipped_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "fuzz.json"
    status = main(["fuzz-reader", "--files", "130", "--seed", "1", "--json", str(file)])
    document = json.loads(file.read_text())
    assert document["failures"] == []
    assert status == 0
    assert sum(document["outcomes"].values()) == document["files"] == 130
    assert len(document["by_syntax"]) == 13
    # The run tries something: sound, skipped and refused files are all among them.
    assert {"volume", "skip", "UNREADABLE_SLICE", "TRANSFER_SYNTAX"} <= set(document["outcomes"])
    assert "130 damaged files" in capsys.readouterr().out


@pytest.mark.long
def test_thousands_of_damaged_files(tmp_path: Path) -> None:
    assert main(["fuzz-reader", "--files", "10000", "--seed", "2"]) == 0


def test_sound_samples_are_read_in_every_syntax(series: list[FuzzSeries]) -> None:
    volumes = {
        item.sample.name: read_volume(select_series(scan_folder(item.folder)), allow_lossy=True)
        for item in series
        if "deflated" not in item.sample.name
    }
    assert len(volumes) == 12
    first = next(iter(volumes.values()))
    for name, volume in volumes.items():
        np.testing.assert_array_equal(volume.array, first.array, err_msg=name)
        np.testing.assert_array_equal(volume.affine, first.affine, err_msg=name)


def test_damage_depends_on_the_seed_alone(series: list[FuzzSeries]) -> None:
    samples = [item.sample for item in series]

    def damaged(seed: int) -> list[tuple[str, bytes]]:
        return [mutate(samples[n % len(samples)], samples, np.random.default_rng([seed, n])) for n in range(60)]

    assert damaged(3) == damaged(3)
    assert damaged(3) != damaged(4)
    changed = sum(data != samples[n % len(samples)].data for n, (_, data) in enumerate(damaged(3)))
    assert changed > 50


def test_a_wrong_volume_would_be_noticed(series: list[FuzzSeries]) -> None:
    item = series[0]
    reference = read_volume(select_series(scan_folder(item.folder)))
    assert fuzz_worker.judge(item, reference) == ("volume", "")
    moved = reference.affine.copy()
    moved[0, 3] += 1
    other = type(reference)(reference.array, moved)
    assert fuzz_worker.judge(item, other)[0] == "wrong geometry"
    longer = type(reference)(np.zeros((32, 32, 6), np.float32), reference.affine)
    assert fuzz_worker.judge(item, longer)[0] == "shrunk"
    values = type(reference)(reference.array + 1, reference.affine)
    assert fuzz_worker.judge(item, values)[0] == "volume, other values"


def test_an_unexpected_exception_would_be_noticed(series: list[FuzzSeries], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(fuzz_worker, "read_volume", broken)
    assert fuzz_worker.judge(series[0], None)[0] == "exception"


@pytest.mark.parametrize(("ending", "outcome"), [("os.kill(os.getpid(), 9)", "crash"), ("time.sleep(60)", "hang")])
def test_a_worker_that_crashes_or_hangs_is_an_outcome(
    ending: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(
        f"""
import json, os, sys, time
trial = {{"sample": "s", "damage": "d", "detail": "", "seconds": 0, "megabytes": 0}}
for index in json.loads(sys.argv[-1])["indices"]:
    print(json.dumps({{**trial, "start": index}}), flush=True)
    if index == 1:
        {ending}
    print(json.dumps({{**trial, "index": index, "outcome": "volume"}}), flush=True)
"""
    )
    monkeypatch.setitem(fuzzing.WORKERS, "dicom", [sys.executable, str(worker)])
    monkeypatch.setattr(fuzzing, "SILENCE_SECONDS", 15.0 if outcome == "crash" else 1.5)
    trials = list(fuzzing.run_trials(0, [0, 1, 2], tmp_path))
    assert [trial["index"] for trial in trials] == [0, 1, 2]
    assert [trial["outcome"] for trial in trials] == ["volume", outcome, "volume"]
    assert fuzzing.count(trials, 0)["failures"] == [trials[1]]


def test_a_deflated_file_is_refused_before_it_inflates(tmp_path: Path) -> None:
    write_series(tmp_path, make_series(), syntax=DeflatedExplicitVRLittleEndian)
    file = next(tmp_path.iterdir())
    head = file.read_bytes()[:400]
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(200 << 20)) + deflate.flush()
    start = head.index(b"1.2.840.10008.1.2.1.99") + 22
    file.write_bytes(head[: start + start % 2] + bomb)
    before = fuzz_measuring.start_measuring()
    with pytest.raises(Refusal, match="TRANSFER_SYNTAX"):
        read_volume(select_series(scan_folder(tmp_path)))
    if sys.platform == "linux":
        assert fuzz_measuring._status("self", "VmHWM:") - before < 50


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are not a thing here")
def test_a_pipe_among_the_files_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    signal.alarm(20)
    try:
        with pytest.raises(Refusal, match="NO_DICOM"):
            scan_folder(tmp_path)
        assert isinstance(read_instances(str(tmp_path / "pipe")), Skip)
    finally:
        signal.alarm(0)
