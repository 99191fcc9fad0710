import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan


def test_keys_that_this_version_does_not_know_are_kept() -> None:
    record = {"path": "a", "point": [1.0, 2.0, 3.0], "space": "RAS", "kernel": "STANDARD"}
    assert Scan.from_record(record).to_record() == record


def test_a_one_scan_record() -> None:
    record = {"subject": "a", "nodule": "1", "t1": {"path": "x", "point": [0, 0, 0], "space": "voxel"}}
    pair = FollowUpPair.from_record(record)
    assert pair.t0 is None
    assert pair.name == "a/1"
    assert "t0" not in pair.to_record()


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(BundleError, match="20001301"):
        _ = Scan("x", Point((0, 0, 0), Space.LPS), date="20001301").day
