"""Every boundary value of the tables."""

import pytest

from csfnet_bundle.nodule.attenuation import Attenuation
from csfnet_bundle.nodule.guidelines import NoduleFacts, statements
from csfnet_bundle.nodule.guidelines.bts import change_text, doubling_group, size_group
from csfnet_bundle.nodule.guidelines.fleischner import diameter_group, subsolid_group, volume_group
from csfnet_bundle.nodule.guidelines.lung_rads import is_growing, lung_rads_statement, solid_category


@pytest.mark.parametrize(
    ("size", "category"), [(5.9, "2"), (6.0, "3"), (7.9, "3"), (8.0, "4A"), (14.9, "4A"), (15.0, "4B"), (5.96, "3")]
)
def test_solid_at_a_first_screen(size: float, category: str) -> None:
    assert solid_category(size) == category


@pytest.mark.parametrize(
    ("size", "category"), [(3.9, "2"), (4.0, "3"), (5.9, "3"), (6.0, "4A"), (7.9, "4A"), (8.0, "4B")]
)
def test_solid_and_new(size: float, category: str) -> None:
    assert solid_category(size, new=True) == category


@pytest.mark.parametrize(("size", "category"), [(4.0, "4A"), (7.9, "4A"), (8.0, "4B")])
def test_solid_and_growing(size: float, category: str) -> None:
    assert solid_category(size, growing=True) == category


def test_where_no_growth_is_given_lung_rads_takes_none() -> None:
    part = facts(9.0, Attenuation.PART_SOLID, earlier_mean_diameter_mm=6.0, interval_days=365.0, comparable=False)
    text = lung_rads_statement(part).text
    assert "no growth given" in text
    assert "growing" not in text
    assert is_growing(part) is None


def facts(size: float, attenuation: Attenuation = Attenuation.SOLID, **more: object) -> NoduleFacts:
    return NoduleFacts(size, 300.0, attenuation, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "days", "growing"),
    [
        (8.5, 365, False),  # 1.5 mm is not more than 1.5
        (8.4, 365, True),
        (8.4, 366, True),
        (8.4, 732, False),  # .8 mm a year
        (6.9, 732, True),
        (8.4, None, None),
        (None, 365, None),
    ],
)
def test_growth_is_more_than_a_millimetre_and_a_half_within_a_year(before, days, growing) -> None:
    assert is_growing(facts(10.0, earlier_mean_diameter_mm=before, interval_days=days)) is growing


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (facts(7.0), "no earlier measurement: category 3."),
        (facts(7.0, is_new=True), "new: category 4A."),
        (facts(7.0, earlier_mean_diameter_mm=5.0, interval_days=365), "in 12 months: category 4A."),
        (facts(7.0, earlier_mean_diameter_mm=7.0, interval_days=365), "at a first screen this size is category 3."),
        (facts(5.9, Attenuation.PART_SOLID), "category 2."),
        (facts(6.0, Attenuation.PART_SOLID), "which of 3, 4A and 4B depends on the diameter of its solid part"),
        (facts(5.9, Attenuation.PART_SOLID, is_new=True), "new: category 3."),
        (facts(6.0, Attenuation.PART_SOLID, is_new=True), "4A or 4B by a new or growing solid part"),
        (facts(29.9, Attenuation.GROUND_GLASS), "category 2."),
        (facts(30.0, Attenuation.GROUND_GLASS), "category 3."),
        (facts(30.0, Attenuation.GROUND_GLASS, is_new=True), "category 3."),
        (facts(30.0, Attenuation.GROUND_GLASS, earlier_mean_diameter_mm=30.0, interval_days=365), "category 2."),
        (facts(33.0, Attenuation.GROUND_GLASS, earlier_mean_diameter_mm=30.0, interval_days=365), "not in the table."),
    ],
)
def test_the_category_follows_type_and_change(made: NoduleFacts, said: str) -> None:
    assert said in lung_rads_statement(made).text


def test_groups_of_the_fleischner_society() -> None:
    assert [diameter_group(size) for size in (5, 6, 8, 9)] == ["below 6 mm", "6 to 8 mm", "6 to 8 mm", "above 8 mm"]
    groups = [volume_group(size) for size in (99.9, 100, 250, 250.1)]
    assert groups == ["below 100 mm³", "100 to 250 mm³", "100 to 250 mm³", "above 250 mm³"]
    assert [subsolid_group(size) for size in (5, 6)] == ["below 6 mm", "from 6 mm on"]


def test_groups_of_the_british_thoracic_society() -> None:
    assert "without follow-up" in size_group(79.9)
    assert "CT surveillance" in size_group(80.0)
    assert "CT surveillance" in size_group(299.9)
    assert "Brock" in size_group(300.0)
    assert "work-up" in doubling_group(399.9)
    assert "by preference" in doubling_group(400.0)
    assert "by preference" in doubling_group(600.0)
    assert "discharge" in doubling_group(600.1)


@pytest.mark.parametrize(
    ("ratio", "days", "said"),
    [
        (1.249, 2000.0, "counts as stable"),
        (0.751, None, "counts as stable"),
        (1.25, 1134.0, "Volume doubling time 1134 days: above 600"),
        (1.3, None, "within the limits of error"),
        (0.7, -700.0, "shrinks"),
    ],
)
def test_a_change_below_a_quarter_is_stable(ratio: float, days: float | None, said: str) -> None:
    assert said in change_text(ratio, days)


def test_every_statement_names_its_source_and_year() -> None:
    made = statements(facts(9.0, volume_ratio=2.0, doubling_time_days=365.0))
    assert [item.year for item in made] == [2022, 2017, 2015, 2015]
    assert all(item.source and item.applies_to for item in made)
