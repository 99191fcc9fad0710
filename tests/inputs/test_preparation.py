"""A cohort's ROIs over processes: what can be read is cached, what cannot is named, what is there is not read again."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dask.distributed import LocalCluster

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiCache, RoiSettings, cache, preparation, prepare_rois, read_pair
from csfnet_bundle.inputs.store.finding import Kept
from csfnet_bundle.records import FollowUpPair, load_datalist

SMALL = RoiSettings(size=(2, 2, 12))


@pytest.fixture
def pairs(small_cohort: Path) -> list[FollowUpPair]:
    """Five pairs, of which the second has its point outside the scan and the fourth a path that leads nowhere."""
    pairs = list(load_datalist(small_cohort).section("training")[:5])
    pairs[1] = replace(pairs[1], t1=replace(pairs[1].t1, point=Point((1.0, 1.0, 999.0), Space.VOXEL)))
    pairs[3] = replace(pairs[3], t1=replace(pairs[3].t1, path="nowhere.nii"))
    return pairs


def _check(refused: dict[str, BundleError], pairs: list[FollowUpPair], folder: Path, roi_cache: RoiCache) -> None:
    assert refused.keys() == {pairs[1].name, pairs[3].name}
    outside = refused[pairs[1].name]
    assert isinstance(outside, Refusal)
    assert outside.code is RefusalCode.POINT_OUTSIDE  # whole, though it came from another process
    assert f"pair {pairs[1].name}" in str(outside)
    assert "nowhere.nii does not exist" in str(refused[pairs[3].name])
    for pair in (pairs[0], pairs[2], pairs[4]):
        assert roi_cache.look_up(pair, folder) is Kept.CURRENT
        np.testing.assert_allclose(roi_cache.read(pair, folder).array, read_pair(pair, folder, SMALL).array, atol=1e-3)


def test_in_one_process(pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path) -> None:
    roi_cache = RoiCache(tmp_path, SMALL)
    _check(prepare_rois(pairs, small_cohort, roi_cache), pairs, small_cohort, roi_cache)


def test_over_the_workers_of_a_cluster(
    pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers behind an address, as on a cluster; paths that are relative here must still be found there."""
    monkeypatch.chdir(small_cohort.parent)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster:
        monkeypatch.chdir(small_cohort)
        roi_cache = RoiCache(Path(os.path.relpath(tmp_path)), SMALL)
        refused = prepare_rois(pairs, Path(), roi_cache, scheduler=cluster.scheduler_address)
    _check(refused, pairs, small_cohort, roi_cache)


def test_many_pairs_get_processes_of_their_own(
    pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "SMALLEST_PARALLEL", 2)
    roi_cache = RoiCache(tmp_path, SMALL)
    with monkeypatch.context() as here:
        here.setattr(cache, "read_pair", None)  # in this process nothing can be read
        refused = prepare_rois(pairs, small_cohort, roi_cache, workers=2)
    _check(refused, pairs, small_cohort, roi_cache)


def test_what_is_cached_is_not_read_again(
    pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted preparation goes on where it stopped; a finished one needs no cluster."""
    roi_cache = RoiCache(tmp_path, SMALL)
    first, second, last = pairs[0], pairs[2], pairs[4]
    read, names = cache.read_pair, []

    def interrupted(pair: FollowUpPair, *rest: object, **options: object) -> object:
        if pair == last:
            raise KeyboardInterrupt
        names.append(pair.name)
        return read(pair, *rest, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as here:
        here.setattr(cache, "read_pair", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_rois([first, second, last], small_cohort, roi_cache)
    assert names == [first.name, second.name]
    monkeypatch.setattr(cache, "read_pair", lambda pair, *rest, **options: names.append(pair.name) or read(pair, *rest))
    assert prepare_rois([first, second, last], small_cohort, roi_cache) == {}
    assert names == [first.name, second.name, last.name]
    assert prepare_rois([first, second, last], small_cohort, roi_cache, scheduler="tcp://127.0.0.1:1") == {}


def test_a_mistake_of_ours_is_not_hidden(
    pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "read_pair", lambda *_, **__: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        prepare_rois(pairs, small_cohort, RoiCache(tmp_path, SMALL))


def test_a_scheduler_that_does_not_answer_is_named(
    pairs: list[FollowUpPair], small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "SCHEDULER_PATIENCE_S", 0.5)
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BundleError, match=rf"no Dask scheduler answers at '{address}'.*dask scheduler"):
            prepare_rois(pairs, small_cohort, RoiCache(tmp_path, SMALL), scheduler=address)
    with pytest.raises(BundleError, match="no Dask scheduler answers at 'nonsense://x'"):
        prepare_rois(pairs, small_cohort, RoiCache(tmp_path, SMALL), scheduler="nonsense://x")
    assert not list(tmp_path.iterdir())
