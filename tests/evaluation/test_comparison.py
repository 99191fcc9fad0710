import numpy as np
import pandas as pd
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.comparison import compare_systems, difference_table
from csfnet_bundle.evaluation.comparison_plots import plot_forest, plot_roc_overlay
from csfnet_bundle.evaluation.markdown import comparison_markdown, markdown_table
from csfnet_bundle.evaluation.metrics import evaluate
from csfnet_bundle.evaluation.paired import holm
from csfnet_bundle.evaluation.predictions import prediction_table


@pytest.fixture(scope="module")
def systems() -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 2, 150)
    shared = 2 * labels - 1 + generator.normal(size=150)
    noise = {"weak": 4.0, "csfnet": 0.1, "near": 0.3, "oracle": 0.0}
    tables = {
        name: prediction_table(
            [f"{row // 2:06d}" for row in range(150)],
            [str(row) for row in range(150)],
            shared + width * generator.normal(size=150),
            labels,
            threshold=0.5,
        )
        for name, width in noise.items()
    }
    tables["oracle"] = tables["oracle"].drop(columns="threshold")
    return tables


@pytest.fixture(scope="module")
def table(systems) -> pd.DataFrame:
    return compare_systems(systems, resamples=400)


def test_rows_are_the_systems_in_order_with_their_metrics(systems, table):
    assert list(table.index) == list(systems)
    for name in ("weak", "csfnet", "near"):
        judged = evaluate(systems[name], resamples=400)
        for metric in ("auc", "accuracy", "precision", "recall", "specificity", "f1", "brier_score"):
            assert table.loc[name, metric] == pytest.approx(judged[metric].value)
        # The same patients are drawn, so the interval is the very same.
        assert table.loc[name, "auc_bootstrap_lower"] == pytest.approx(judged["auc"].lower)
        assert table.loc[name, "calibration_slope"] == pytest.approx(judged.calibration_slope)
        called = systems[name]["probability"] >= 0.1
        malignant = systems[name]["label"] == 1
        benefit = (called & malignant).mean() - (called & ~malignant).mean() / 9
        assert table.loc[name, "net_benefit"] == pytest.approx(benefit)
    assert (table["pairs"] == 150).all()
    assert (table["patients"] == 75).all()


def test_differences_are_paired_and_corrected(table):
    assert table.loc["csfnet", ["difference", "p_delong", "p_holm", "p_mcnemar"]].isna().all()
    others = table.drop(index="csfnet")
    np.testing.assert_allclose(others["difference"], table.loc["csfnet", "auc"] - others["auc"])
    np.testing.assert_allclose(others["p_holm"], holm(others["p_delong"].tolist()))
    # A paired interval of near twins is far narrower than that of either area.
    near = others.loc["near"]
    assert near["difference_upper"] - near["difference_lower"] < 0.5 * (
        near["auc_bootstrap_upper"] - near["auc_bootstrap_lower"]
    )
    assert others.loc["weak", "p_holm"] < 0.01
    assert others.loc["near", "difference_lower"] < 0 < others.loc["near", "difference_upper"]


def test_the_spread_over_seeds_stands_beside_the_p_values(systems, table):
    areas = {"csfnet": [0.80, 0.83, 0.86], "near": [0.79, 0.81, 0.86], "weak": [0.7]}
    spread = compare_systems(systems, seed_areas=areas, resamples=50)
    assert spread.loc["csfnet", "auc_seed_deviation"] == pytest.approx(0.03)
    assert spread.loc["near", "auc_seed_deviation"] == pytest.approx(0.0360555, rel=1e-5)
    assert spread.loc["near", "difference_seed_deviation"] == pytest.approx(0.0469042, rel=1e-5)
    # One seed says nothing about the spread; what needs no seed adds none.
    assert np.isnan(spread.loc["weak", "auc_seed_deviation"])
    assert spread.loc["oracle", "difference_seed_deviation"] == pytest.approx(0.03)
    assert np.isnan(spread.loc["csfnet", "difference_seed_deviation"])
    head = comparison_markdown(spread).splitlines()[0]
    assert head.index("p Holm") < head.index("SD of AUC over seeds") < head.index("Acc")
    assert "seeds" not in comparison_markdown(table).splitlines()[0]


def test_families_are_corrected_by_themselves(systems, table):
    families = {"weak": "networks", "near": "networks"}
    apart = compare_systems(systems, families=families, resamples=400)
    members = list(families)
    for tested, corrected in (("p_delong", "p_holm"), ("p_mcnemar", "p_mcnemar_holm")):
        np.testing.assert_array_equal(apart.loc[members, tested], table.loc[members, tested])
        np.testing.assert_allclose(apart.loc[members, corrected], holm(table.loc[members, tested].tolist()))
    assert apart.loc["weak", "p_holm"] == pytest.approx(table.loc["weak", "p_holm"] * 2 / 3)
    # The bound is no competitor: how far away it is stands there, and no test.
    assert apart.loc["oracle", ["p_delong", "p_holm", "p_mcnemar", "p_mcnemar_holm"]].isna().all()
    assert apart.loc["oracle", "difference"] == table.loc["oracle", "difference"]


def test_order_of_rows_does_not_matter(systems, table):
    shuffled = {name: one.sample(frac=1, random_state=1) for name, one in systems.items()}
    pd.testing.assert_frame_equal(compare_systems(shuffled, resamples=400), table)


def test_system_without_a_threshold_has_areas_but_no_decision(table):
    assert table.loc["oracle", ["accuracy", "p_mcnemar"]].isna().all()
    assert table.loc["oracle", "p_delong"] >= 0


def test_reference_must_be_there(systems):
    with pytest.raises(BundleError, match="'csf-net' is not among weak, csfnet"):
        compare_systems(systems, "csf-net")


def test_changed_inputs_are_differences_to_the_original(systems):
    table = difference_table(systems["csfnet"], {"swapped": systems["weak"]}, resamples=50)
    assert list(table.index) == ["original", "swapped"]
    assert table.loc["swapped", "difference"] == table.loc["original", "auc"] - table.loc["swapped", "auc"]
    text = comparison_markdown(table).splitlines()
    assert text[0].startswith("| input    | AUC (95 % DeLong)")
    assert "accuracy" not in text[0]


def test_markdown_prints_the_table_to_three_digits(table):
    lines = comparison_markdown(table).splitlines()
    assert len(lines) == 2 + len(table)
    assert len({len(line) for line in lines}) == 1
    weak = [cell.strip() for cell in lines[2].split("|")]
    row = table.loc["weak"]
    assert f"{row['auc']:.3f} ({row['auc_delong_lower']:.3f} to {row['auc_delong_upper']:.3f})" in weak
    assert f"{row['difference']:+.3f} ({row['difference_lower']:+.3f} to {row['difference_upper']:+.3f})" in weak
    assert "<0.001" in weak
    assert "–" in lines[3]


def test_markdown_escapes_bars():
    assert markdown_table(["a"], [["x|y"]]) == "| a    |\n| ---- |\n| x\\|y |\n"


def test_forest_shows_every_system_with_its_interval(table):
    areas = plot_forest(table, "phantom").axes[0]
    assert [label.get_text() for label in areas.get_yticklabels()] == list(table.sort_values("auc").index[::-1])
    low, high = areas.collections[0].get_segments()[0][:, 0]
    best = table.sort_values("auc").iloc[-1]
    assert (low, high) == (best["auc_bootstrap_lower"], best["auc_bootstrap_upper"])
    differences = plot_forest(table, "phantom", differences=True).axes[0]
    assert "csfnet" not in [label.get_text() for label in differences.get_yticklabels()]


def test_forest_draws_a_system_without_interval(systems):
    table = compare_systems({**systems, "twin": systems["csfnet"]}, resamples=50)
    assert np.isnan(table.loc["twin", ["difference_lower", "difference_upper"]].astype(float)).all()
    texts = [text.get_text() for text in plot_forest(table, "phantom", differences=True).axes[0].texts]
    assert "+0.000" in texts
    assert not any("nan" in text for text in texts)


def test_overlay_names_systems_by_area(systems, table):
    figure = plot_roc_overlay(systems, "phantom, 150 pairs")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(names) == sorted(f"{name} {area:.3f}" for name, area in table["auc"].items())
    areas = [float(name.split()[-1]) for name in names]
    assert areas == sorted(areas, reverse=True)
