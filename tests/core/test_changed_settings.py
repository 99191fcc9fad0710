"""What differs between two sets of settings, in words that fit one line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.changed_settings import changed_settings, check_same_settings
from csfnet_bundle.core.errors import BundleError

plain = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), max_size=4)


@given(plain, plain)
def test_only_changed_settings_are_named(old: Any, new: Any) -> None:
    changes = changed_settings({"same": old, "roi": old}, {"same": old, "roi": new})
    assert changes == [] if old == new else [change.split()[0] for change in changes] == ["roi"]


def test_settings_that_came_or_went_are_named() -> None:
    assert changed_settings({"amp": False}, {"batch_size": 8}) == ["amp (False -> None)", "batch_size (None -> 8)"]


def test_values_too_long_for_a_line_are_left_out() -> None:
    assert changed_settings({"loss": "a" * 100}, {"loss": "b"}) == ["loss"]
    assert changed_settings({"configs_sha256": "a"}, {"configs_sha256": "b"}) == ["configs"]


def test_other_settings_are_rejected_in_one_line() -> None:
    check_same_settings({"seed": 1}, {"seed": 1}, record="out", what="a study", remedy="Name another --out.")
    with pytest.raises(BundleError, match=r"^out: holds a study with other settings: seed \(1 -> 2\)\. Name another"):
        check_same_settings({"seed": 1}, {"seed": 2}, record="out", what="a study", remedy="Name another --out.")
