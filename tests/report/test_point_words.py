from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.records.pair import MATCHED
from csfnet_bundle.report.point_words import point_words


def test_points_tell_their_space_and_how_they_were_found():
    matched = {"match": {"votes": 7, "spread_mm": 1.24}}
    pair = FollowUpPair(
        "P1",
        "1",
        t0=Scan("a", Point((1.0, -2.0, 3.0), Space.LPS), point_source=MATCHED, extra=matched),
        t1=Scan("b", Point((10.0, 20.0, 30.0), Space.VOXEL)),
    )
    words = point_words(pair)
    assert words["t0"].startswith("1.0, −2.0, 3.0 (LPS mm), matched automatically")
    assert "7 of 8 neighbours agree within 1.2 mm), not confirmed" in words["t0"]
    assert words["t1"] == "10.0, 20.0, 30.0 (voxel), given"
