"""A record may leave t0's point to the matching."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiCache, RoiSettings, match_prior, read_pair
from csfnet_bundle.inputs.judging import judge_pair
from csfnet_bundle.inputs.store.finding import Kept
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, load_datalist, save_datalist
from csfnet_bundle.scans.point_check import RED

NODULE = np.array([-62.0, 12.0, 25.0])
MOVE = Move()
SETTINGS = RoiSettings((8, 16, 16))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    source = make_whole_chest(nodule=tuple(NODULE))
    write_nifti(source, folder / "t1.nii")
    write_nifti(moved_chest(source, MOVE), folder / "t0.nii")
    return folder


@pytest.fixture
def pair() -> FollowUpPair:
    t1 = Scan("t1.nii", Point(tuple(NODULE), Space.LPS))
    return FollowUpPair(subject="p", nodule="1", t0=Scan("t0.nii", None), t1=t1, interval_days=365)


def given(pair: FollowUpPair, place: np.ndarray) -> FollowUpPair:
    assert pair.t0 is not None
    return replace(pair, t0=replace(pair.t0, point=Point(tuple(place), Space.LPS)))


def test_the_roi_of_t0_lies_around_the_place_found(folder: Path, pair: FollowUpPair) -> None:
    rois = read_pair(pair, folder, SETTINGS)
    expected = read_pair(given(pair, MOVE.forward(NODULE)), folder, SETTINGS)
    middle = (np.array(SETTINGS.size) - 1) / 2
    centers = [(affine @ [*middle, 1])[:3] for affine in (rois.affines[0], expected.affines[0])]
    np.testing.assert_allclose(*centers, atol=1.0)
    assert np.corrcoef(rois.array[0].ravel(), expected.array[0].ravel())[0, 1] > 0.9
    assert any("found by matching" in finding for finding in rois.findings)
    assert not any("found by matching" in finding for finding in expected.findings)


def test_a_matched_record_says_so_and_reads_the_same(folder: Path, pair: FollowUpPair) -> None:
    matched = match_prior(pair, folder)
    assert matched.t0 is not None
    assert matched.t0.point_source == "matched"
    assert FollowUpPair.from_record(matched.to_record()) == matched
    rois, again = read_pair(pair, folder, SETTINGS), read_pair(matched, folder, SETTINGS)
    np.testing.assert_array_equal(rois.array, again.array)
    assert rois.findings == again.findings


def test_the_cache_keeps_what_was_matched(folder: Path, pair: FollowUpPair, tmp_path: Path) -> None:
    cache = RoiCache(tmp_path, SETTINGS)
    first = cache.read(pair, folder)
    assert cache.look_up(pair, folder) is Kept.CURRENT
    np.testing.assert_array_equal(cache.read(pair, folder).array, first.array)
    moved = replace(pair, t1=replace(pair.t1, point=Point((60.0, 0.0, 0.0), Space.LPS)))
    assert cache.look_up(moved, folder) is Kept.MISSING


def test_a_given_point_is_checked(folder: Path, pair: FollowUpPair) -> None:
    good = match_prior(given(pair, MOVE.forward(NODULE)), folder)
    wrong = match_prior(given(pair, MOVE.forward(NODULE * [-1, 1, 1])), folder)
    assert good.t0 is not None
    assert good.t0.point_source == "given"
    assert not any(finding.startswith(RED) for finding in read_pair(good, folder, SETTINGS).findings)
    assert any(finding.startswith(RED) for finding in read_pair(wrong, folder, SETTINGS).findings)


def test_a_point_that_is_not_found_refuses_the_pair_by_name(folder: Path, pair: FollowUpPair, tmp_path: Path) -> None:
    write_nifti(make_whole_chest(seed=9), tmp_path / "other.nii")
    other = replace(pair, t0=Scan(str(tmp_path / "other.nii"), None))
    with pytest.raises(Refusal) as caught:
        read_pair(other, folder, SETTINGS)
    assert caught.value.code == RefusalCode.MATCH_UNSURE
    assert "pair p/1" in str(caught.value)


def test_headers_alone_do_not_refuse_a_record_without_a_point(folder: Path, pair: FollowUpPair) -> None:
    assert judge_pair("inference", pair, folder, SETTINGS).reason is None


def test_only_records_for_inference_may_leave_it_out(pair: FollowUpPair, tmp_path: Path) -> None:
    save_datalist(Datalist(tmp_path, {"inference": (pair,)}))
    assert load_datalist(tmp_path).section("inference") == (pair,)
    with pytest.raises(BundleError, match="point"):
        save_datalist(Datalist(tmp_path, {"training": (replace(pair, label=1),)}))


@pytest.mark.parametrize("record", [{"path": "t0.nii", "space": "LPS"}, {"path": "t0.nii", "point": [1, 2, 3]}])
def test_half_a_point_is_refused(pair: FollowUpPair, tmp_path: Path, record: dict[str, object]) -> None:
    (tmp_path / "datalist.json").write_text(
        json.dumps(
            {
                "schema_version": "1.0",
                "inference": [{"subject": "p", "nodule": "1", "t0": record, "t1": pair.t1.to_record()}],
            }
        )
    )
    with pytest.raises(BundleError, match=r"space|point"):
        load_datalist(tmp_path)


def test_t1_needs_its_point(pair: FollowUpPair, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="point"):
        save_datalist(Datalist(tmp_path, {"inference": (replace(pair, t1=Scan("t1.nii", None)),)}))
