"""Cells that the pages of a benchmark share."""

import pytest

from csfnet_bundle.studies.benchmark.cells import difference, interval, number, p_value, seed_areas


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ((0.1234, 0.01, 0.2), "+0.123 (+0.010 to +0.200)"),
        ((-0.1, None, None), "-0.100"),
        ((None, None, None), "–"),
    ],
)
def test_a_difference_has_its_sign_and_what_is_known_of_its_interval(
    row: tuple[float | None, float | None, float | None], cell: str
) -> None:
    assert difference(dict(zip(("difference", "difference_lower", "difference_upper"), row, strict=True))) == cell


def test_other_cells() -> None:
    row = {"auc": 0.9, "auc_bootstrap_lower": 0.8, "auc_bootstrap_upper": 1.0, "x": 0.5, "x_lower": None, "x_upper": 1}
    assert interval(row, "auc", "auc_bootstrap") == "0.900 (0.800 to 1.000)"
    assert interval(row, "x") == "0.500"
    assert [number(None), number(0.12345)] == ["–", "0.123"]
    assert [p_value(None), p_value(0.0004), p_value(0.0412)] == ["–", "<0.001", "0.041"]
    assert [seed_areas(()), seed_areas((0.8, 0.91234))] == ["–", "0.800, 0.912"]
