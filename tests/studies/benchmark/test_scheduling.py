"""Fits over devices and over the workers of a Dask scheduler."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import dask
import pytest
from dask.distributed import KilledWorker, LocalCluster

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.preparation import ANY_LOCAL_PORT
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark import scheduling
from csfnet_bundle.studies.benchmark.fitting import TEST, VALIDATION, is_done, read_fit, read_fit_record
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.running import run_benchmark
from csfnet_bundle.studies.benchmark.splits import make_splits, write_split

LOCAL = {"scheduler_kwargs": {"dashboard_address": ANY_LOCAL_PORT}}


def test_a_schedulers_workers_run_every_fit_once(fresh: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, str | None]] = []
    here = threading.get_ident()

    def run(protocol: Protocol, fit: Fit, device: str | None) -> None:
        assert threading.get_ident() != here
        ran.append((fit.name, device))
        if fit.system == "t1_image":
            raise BundleError("diverged", record=fit.name)

    monkeypatch.setattr(scheduling, "run_fit", run)
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, **LOCAL) as cluster:
        failed = scheduling.run_fits(fresh, scheduler=cluster.scheduler_address)
    assert [fit.system for fit in failed] == ["t1_image"]
    assert sorted(ran) == [("csfnet/fold0_seed0", None), ("t1_image/fold0_seed0", None)]


def test_a_worker_of_this_machine_has_a_device_of_its_own(fresh: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str | None] = []
    monkeypatch.setattr(scheduling, "run_fit", lambda protocol, fit, device: used.append(device))
    for name in (0, 1, 2):
        monkeypatch.setattr(scheduling, "get_worker", lambda name=name: type("Worker", (), {"name": name}))
        assert scheduling._on_worker(fresh, fresh.fits[0], ("cuda:0", "cuda:1"), {}) is None
    assert used == ["cuda:0", "cuda:1", "cuda:0"]


def test_workers_of_a_cluster_share_the_devices_of_their_machine(
    fresh: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = {f"tcp://{host}:{port}": {"host": host} for host in ("a", "b") for port in (1, 2, 3)}
    numbers = scheduling._numbers_on_host(workers)
    assert numbers == {"tcp://a:1": 0, "tcp://a:2": 1, "tcp://a:3": 2, "tcp://b:1": 0, "tcp://b:2": 1, "tcp://b:3": 2}
    used: list[str | None] = []
    monkeypatch.setattr(scheduling, "run_fit", lambda protocol, fit, device: used.append(device))
    monkeypatch.setattr(scheduling.torch.cuda, "device_count", lambda: 2)
    for visible in (None, "1"):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        for address in workers:
            monkeypatch.setattr(scheduling, "get_worker", lambda at=address: type("Worker", (), {"address": at}))
            assert scheduling._on_worker(fresh, fresh.fits[0], (), numbers) is None
    assert used == ["cuda:0", "cuda:1", "cuda:0"] * 2 + [None] * 6


KILLED = (
    "the system killed every process that ran it, most likely for lack of memory. Run fewer fits at a time "
    "(--devices), or lower batch_size by a --config, with another --out."
)


def test_a_fit_whose_process_is_killed_is_tried_alone_and_stops_no_other(
    fresh: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives up what waited at the worker, too: that was no fault of its own."""
    asked = tmp_path / "asked"  # a file, since the function reaches the worker as a copy

    def answer(protocol: Protocol, fit: Fit, *_: object) -> None:
        with asked.open("a") as file:
            file.write(f"{fit.system}\n")
        if fit.system == "t1_image" or asked.read_text().count(fit.system) == 1:
            raise KilledWorker(fit.name, SimpleNamespace(address="tcp://worker:1"), 3)

    monkeypatch.setattr(scheduling, "_on_worker", answer)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, **LOCAL) as cluster:
        failed = scheduling.run_fits(fresh, scheduler=cluster.scheduler_address)
    assert sorted(asked.read_text().split()) == ["csfnet"] * 2 + ["t1_image"] * 2
    assert {fit.name: str(error) for fit, error in failed.items()} == {
        "t1_image/fold0_seed0": f"fit t1_image/fold0_seed0: {KILLED}"
    }


def test_a_worker_that_cannot_begin_is_a_row_of_the_results(fresh: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'csfnet_bundle'")

    monkeypatch.setattr(scheduling, "_on_worker", answer)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, **LOCAL) as cluster:
        failed = scheduling.run_fits(fresh, scheduler=cluster.scheduler_address)
    assert list(failed) == fresh.fits
    assert "no answer: ModuleNotFoundError: No module named 'csfnet_bundle'" in str(failed[fresh.fits[0]])


@pytest.mark.long  # three worker processes that load everything anew
def test_a_process_that_is_killed_while_it_trains(fresh: Protocol, tmp_path: Path) -> None:
    """One worker, whom the other fit waits for; as for lack of memory."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own.json").write_text("{}")
    kill = {"loss": "$__import__('os').kill(__import__('os').getpid(), 9)"}
    (tmp_path / "own" / "t1_image.json").write_text(json.dumps(kill))
    mine = replace(fresh, config_files=(*fresh.config_files, str(tmp_path / "own.json")))
    datalist = load_datalist(mine.dataset_dir)
    write_split(mine.cohort(mine.fits[0]), datalist, make_splits(datalist, 1)[0])
    with (
        dask.config.set({"distributed.worker.daemon": False, "distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, **LOCAL) as cluster,
    ):
        failed = scheduling.run_fits(mine, scheduler=cluster.scheduler_address)
    assert {fit.system: str(error) for fit, error in failed.items()} == {
        "t1_image": f"fit t1_image/fold0_seed0: {KILLED}"
    }
    assert is_done(mine, Fit("csfnet", 0, 0))


@pytest.mark.long  # two worker processes that load everything anew
def test_a_whole_benchmark_on_two_workers_with_a_fit_that_fails(protocol: Protocol, tmp_path: Path) -> None:
    """Standard workers, which are daemons, and a loader with workers of its own; one fit meets a folder for a file."""
    overrides = {**protocol.overrides, "num_workers": 1}
    mine = replace(protocol, out=tmp_path, cache_dir=protocol.rois, seeds=1, permutations=0, overrides=overrides)
    faulty, *others = mine.fits
    (mine.folder(faulty) / "training_state.pt").mkdir(parents=True)
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, **LOCAL) as cluster,
    ):
        predictions = run_benchmark(mine, scheduler=cluster.scheduler_address)
        assert list(predictions.failed) == [faulty]
        assert all(is_done(mine, fit) for fit in others)
        (mine.folder(faulty) / "training_state.pt").rmdir()
        predictions = run_benchmark(mine, scheduler=cluster.scheduler_address)
    assert not predictions.failed
    assert set(predictions.systems) >= set(mine.systems)


@pytest.mark.long  # two processes that load everything anew
def test_two_fits_run_at_once_on_one_processor(protocol: Protocol, tmp_path: Path) -> None:
    """What ``--devices cpu,cpu`` does: two processes of their own, with half of the threads each."""
    mine = replace(protocol, out=tmp_path, cache_dir=protocol.rois, folds=1, seeds=1, permutations=0)
    datalist = load_datalist(mine.dataset_dir)
    for fit in mine.fits:
        write_split(mine.cohort(fit), datalist, make_splits(datalist, 1)[0])
    scheduling.run_fits(mine, ("cpu", "cpu"))
    threads = max(1, (os.cpu_count() or 1) // 2)
    for fit in mine.fits:
        assert set(read_fit(mine, fit)) >= {VALIDATION, TEST}
        assert read_fit_record(mine, fit)["device"].endswith(f"{threads} threads")


def test_nobody_answers(fresh: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csfnet_bundle.inputs.preparation.SCHEDULER_PATIENCE_S", 0.2)
    with pytest.raises(BundleError, match="no Dask scheduler answers"):
        scheduling.run_fits(fresh, scheduler="tcp://127.0.0.1:9")
