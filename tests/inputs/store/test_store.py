"""The store alone: many writers, damage, purges, and what a check says of it."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.store import RoiStore, Source, StoredRoi, open_store, purge_patient, verify_store
from csfnet_bundle.inputs.store.shards import ShardWriter

SHAPE = (2, 3, 4, 5)


def entry(number: int, subject: str = "100012") -> StoredRoi:
    """An entry whose values are its number."""
    return StoredRoi(
        key=f"{number:032x}",
        subject=subject,
        nodule=str(number),
        places=("a", "b"),
        size=(3, 4, 5),
        spacing=(1.0, 1.0, 1.0),
        margin=(0, 0, 0),
        shape=SHAPE,
        affines=(tuple(map(tuple, np.eye(4).tolist())),) * 2,
        findings=("noyau différent",),
        series=(None, None),
        sources=(Source("o", "s"), Source("o", "s")),
        reader_version=2,
        bundle_version="0",
        written_ns=0,
        offset=0,
        crc32=0,
    )


def values(number: int) -> np.ndarray:
    return np.full(SHAPE, number, np.float32)


def write(folder: Path, numbers: range) -> None:
    store = RoiStore(folder)
    for number in numbers:
        store.append(entry(number, subject=str(number % 3)), values(number))
    store.close_writer()


def read_all(folder: Path) -> dict[int, float]:
    store = RoiStore(folder)
    store.refresh()
    return {int(item.nodule): float(store.values(item).mean()) for item in store}


def test_many_writers_and_a_reader_meet_in_one_folder(tmp_path: Path) -> None:
    reader = open_store(tmp_path)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=write, args=(tmp_path, range(first, first + 20))) for first in (0, 20, 40)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        reader.refresh()
        assert all(reader.values(item).mean() == int(item.nodule) for item in reader)
    reader.refresh()
    assert {int(item.nodule) for item in reader} == set(range(60))
    assert read_all(tmp_path) == {number: float(number) for number in range(60)}
    report = verify_store(tmp_path)
    assert report.usable
    assert (report.entries, report.patients, report.replaced) == (60, 3, 0)


@pytest.mark.parametrize("cut", [1, 40])
def test_a_writer_that_was_killed_loses_its_last_line_alone(tmp_path: Path, cut: int) -> None:
    write(tmp_path, range(3))
    (index,) = tmp_path.glob("*.index")
    index.write_bytes(index.read_bytes()[:-cut])
    write(tmp_path, range(3, 5))
    assert read_all(tmp_path).keys() == {0, 1, 3, 4}


def test_one_damaged_entry_is_one_entry(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    (file,) = tmp_path.glob("*.values")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    report = verify_store(tmp_path)
    assert (report.entries, len(report.damaged), report.usable) == (2, 1, False)
    assert "1/1" in report.damaged[0]
    assert "can be used" in report.lines()[-1]
    (index,) = tmp_path.glob("*.index")
    lines = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(lines[0] + b"x" + lines[1] + lines[2])
    report = verify_store(tmp_path)
    assert (report.entries, report.damaged, report.damaged_lines) == (2, (), 1)
    file.unlink()
    report = verify_store(tmp_path)
    assert (report.entries, len(report.damaged), len(report.strays)) == (0, 2, 1)


def test_a_full_disk_leaves_the_shard_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RoiStore(tmp_path)
    store.append(entry(0), values(0))
    writer = store._writer
    assert writer is not None
    with monkeypatch.context() as full:
        full.setattr(ShardWriter, "append_line", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            store.append(entry(1), values(1))
    store.append(entry(2), values(2))
    assert read_all(tmp_path) == {0: 0.0, 2: 2.0}
    assert (tmp_path / f"{writer.name}.values").stat().st_size == 2 * entry(0).length


def test_a_purge_leaves_no_byte_of_the_patient(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.append(entry(0, "Müller^Eva"), values(-777))
    store.append(entry(1, "other"), values(1))
    store.append(entry(2, "Müller^Eva"), values(-777))
    (tmp_path / "headers").mkdir()
    (tmp_path / "headers" / "x.json").write_text("Müller^Eva")
    assert purge_patient(tmp_path, "Müller^Eva") == 2
    assert read_all(tmp_path) == {1: 1.0}
    assert verify_store(tmp_path).usable
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert np.float32(-777).tobytes() not in content
            assert b"ller^Eva" not in content
    store.refresh()
    assert [item.subject for item in store] == ["other"]
    assert purge_patient(tmp_path, "nobody") == 0


def test_a_purge_waits_for_no_run_that_writes(tmp_path: Path) -> None:
    store = RoiStore(tmp_path)
    store.append(entry(0), values(0))
    with pytest.raises(BundleError, match="a run is writing"):
        purge_patient(tmp_path, "100012")
    store.close_writer()
    assert purge_patient(tmp_path, "100012") == 1


def test_other_sources_of_an_entry_come_back(tmp_path: Path) -> None:
    store = RoiStore(tmp_path)
    placed = store.append(entry(0), values(0))
    copies = (Source("p", "s"), Source("p", "t", "d", "1.2"))
    store.add_sources(placed, copies)
    again = RoiStore(tmp_path)
    again.refresh()
    (found,) = again
    assert found == placed
    assert again.all_sources(found) == [placed.sources, copies]


def test_of_two_entries_the_later_one_comes_first(tmp_path: Path) -> None:
    store = RoiStore(tmp_path)
    for number in (1, 2, 3):
        store.append(replace(entry(7), findings=(str(number),)), values(number))
    assert [item.findings[0] for item in store.entries(entry(7).key)] == ["3", "2", "1"]
    assert verify_store(tmp_path).replaced == 2


@pytest.mark.parametrize("head", ["no json", '{"format": "another", "version": 1}', '{"format": 1}'])
def test_a_folder_of_another_kind_is_not_taken(tmp_path: Path, head: str) -> None:
    (tmp_path / "rois.json").write_text(head)
    with pytest.raises(BundleError, match="expected 'ROI store"):
        open_store(tmp_path)
    with pytest.raises(BundleError, match="no ROI store"):
        verify_store(tmp_path / "none")
