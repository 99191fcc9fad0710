"""One sighting a screen, then pairs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.cohorts.nlst.index import IndexedSeries
from csfnet_bundle.cohorts.nlst.pairing import Screens, check_labels, one_per_screen, pair_sightings
from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES, PixelBox, Sighting
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space


def sighting(subject="100001", screen=0, row=2, nodule="1", label=0, place=None):
    place = place or Point((0.0, 0.0, 0.0), Space.LPS)
    return Sighting(subject, nodule, f"1.{row}", place, label, SCREEN_DATES[screen], row, screen=screen)


def series(uid, thickness="2.5", kernel="STANDARD", instances=100):
    description = f"0,OPA,GE,LS16,{kernel},360,{thickness},120,40,0,1.5"
    return IndexedSeries("100001", SCREEN_DATES[0], "1.1", uid, description, "GE", "", instances, 1.0, (), "", "")


def test_neighbouring_screens_skip_the_one_where_the_nodule_was_not_seen():
    seen = [sighting(screen=2, row=4), sighting(screen=0, row=2)]
    pairs, single = pair_sightings(seen, Screens.NEIGHBOURING)
    assert [(pair.t0.row, pair.t1.row, pair.nodule) for pair in pairs] == [(2, 4, "1-T0-T2")]
    assert single == []


def test_any_two_screens_make_a_pair():
    seen = [sighting(screen=screen, row=screen) for screen in (0, 1, 2)]
    assert len(pair_sightings(seen, Screens.NEIGHBOURING)[0]) == 2
    assert [pair.nodule for pair in pair_sightings(seen, Screens.ANY)[0]] == ["1-T0-T1", "1-T0-T2", "1-T1-T2"]


def test_a_nodule_seen_once_is_counted():
    pairs, single = pair_sightings([sighting(), sighting(nodule="2", row=3)], Screens.ANY)
    assert pairs == []
    assert [name for _, name in single] == ["row 2, 100001/1, T0", "row 3, 100001/2, T0"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)), max_size=20), st.randoms())
def test_the_earlier_scan_is_always_t0_and_the_order_of_rows_is_nothing(cells, random):
    seen = [
        sighting(f"10000{subject}", screen, row, f"{nodule}") for row, (subject, screen, nodule) in enumerate(cells)
    ]
    kept, others = one_per_screen(seen, {})
    assert len(kept) + len(others) == len(seen)
    for screens in Screens:
        pairs, _ = pair_sightings(kept, screens)
        assert all(pair.t0.date < pair.t1.date for pair in pairs)
        assert all(pair.t0.subject == pair.t1.subject and pair.t0.nodule == pair.t1.nodule for pair in pairs)
        assert len({pair.name for pair in pairs}) == len(pairs)
        random.shuffle(seen)
        assert pair_sightings(one_per_screen(seen, {})[0], screens)[0] == pairs


def test_of_two_boxes_on_one_screen_the_larger_is_kept():
    small = sighting(row=2, place=PixelBox(30, 0, 0, 17, 19))
    large = sighting(row=3, place=PixelBox(60, 0, 0, 32, 26))
    kept, others = one_per_screen([small, large], {})
    assert kept == [large]
    assert others == [(small, "row 2, 100001/1, T0, kept row 3")]


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (series("1.2", "2.5"), series("1.3", "1.2")),
        (series("1.2", kernel="LUNG"), series("1.3")),
        (series("1.2", instances=99), series("1.3")),
        (series("1.2", kernel="LUNG", thickness="1.2"), None),
    ],
)
def test_of_two_reconstructions_the_thin_soft_long_one_is_kept(worse, better):
    better = better or replace(worse, uid="1.3", description="0,OPA,GE,LS16,LUNG,360,1,120,40,0,1.5")
    kept, _ = one_per_screen([sighting(row=2), sighting(row=3)], {"1.2": worse, "1.3": better})
    assert [one.row for one in kept] == [3]


def test_a_nodule_with_two_labels_is_refused_with_both_rows():
    with pytest.raises(BundleError, match="label 0 in row 2 and 1 in row 5"):
        check_labels([sighting(), sighting(row=3, nodule="2", label=1), sighting(row=5, screen=1, label=1)])
