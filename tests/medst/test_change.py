import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.medst.change import Change, change_between, ellipsoid_volume

SIZES = st.tuples(st.floats(2, 40), st.floats(2, 40))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((8, 6), (9, 7), Change.WORSENING),
        ((8, 8), (8, 8), Change.STABLE),
        ((20, 20), (21, 21), Change.STABLE),
        ((12, 10), (9, 8), Change.IMPROVING),
    ],
)
def test_a_quarter_of_the_volume_is_a_change(before: tuple[int, int], after: tuple[int, int], expected: Change) -> None:
    assert change_between(before, after) is expected


@given(SIZES, SIZES)
def test_exchanged_studies_have_the_reversed_change(before: tuple[float, float], after: tuple[float, float]) -> None:
    volumes = ellipsoid_volume(*before), ellipsoid_volume(*after)
    if abs(max(volumes) / min(volumes) - 1.25) > 1e-9:  # on the border, rounding decides
        assert change_between(after, before) is change_between(before, after).reversed


def test_a_ball_has_a_balls_volume() -> None:
    assert ellipsoid_volume(10, 10) == pytest.approx(523.6, abs=0.05)
