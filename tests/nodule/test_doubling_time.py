import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.nodule.doubling_time import volume_doubling_time


@given(d0=st.floats(3, 30), factor=st.floats(0.5, 3).filter(lambda f: abs(f - 1) > 1e-6), interval=st.floats(30, 1500))
def test_after_one_doubling_time_the_volume_is_double(d0, factor, interval):
    doubling = volume_doubling_time(d0, d0 * factor, interval)
    grown = d0 * factor ** (doubling / interval)
    assert (grown / d0) ** 3 == pytest.approx(2, rel=1e-4)


def test_a_doubled_volume_in_a_year_doubles_in_a_year_and_no_growth_has_none():
    assert volume_doubling_time(8, 8 * 2 ** (1 / 3), 365) == pytest.approx(365)
    assert volume_doubling_time(8, 8, 365) is None
    assert volume_doubling_time(8 * 2 ** (1 / 3), 8, 365) == pytest.approx(-365)
