import math
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.medst_fits import finish, make_study

from csfnet_bundle.studies.medst.results import difference, make_results, summarise


def test_intervals_by_hand() -> None:
    assert summarise([1.0, 2.0, 3.0, math.nan]) == {
        "mean": 2.0,
        "lower": pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-3),
        "upper": pytest.approx(2 + 4.3027 / math.sqrt(3), abs=1e-3),
        "seeds": 3,
    }
    assert summarise([0.5])["lower"] is None
    assert summarise([])["mean"] is None


def test_the_p_value_by_hand() -> None:
    """Of 1, 2, 3: t = 2 / (1 / sqrt 3) with two degrees of freedom, p = 1 - t / sqrt(t^2 + 2)."""
    t = 2 * math.sqrt(3)
    assert difference([1.0, 2.0, 3.0])["p"] == pytest.approx(1 - t / math.sqrt(t**2 + 2))
    assert difference([0.1, 0.1, 0.1])["p"] is None
    assert difference([0.1, 0.2])["p"] is None, "two seeds"


def test_pointing_is_compared_above_its_chance(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path)
    for fit, game, chance in zip(study.fits, (0.5, 0.5), (0.3, 0.4), strict=True):
        read = {"pointing_game": game, "pointing_chance": chance}
        finish(study, fit, parameters=1, steps=5, interpretation=read)
    row = make_results(study, "command")["variants"]["shuffled"]
    assert row["metrics"]["pointing_gain"]["mean"] == pytest.approx(0.1)
    assert row["difference"]["pointing_gain"]["mean"] == pytest.approx(-0.1)


def test_differences_are_paired_by_seed(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path, seeds=3)
    for fit in study.fits:
        if fit.name == "shuffled, seed 2":
            continue  # not done yet
        # Seeds differ by much, the two variants of a seed always by 0.1.
        value = 0.3 * fit.seed + (0.1 if fit.variant == "shuffled" else 0)
        told = {"steps": 5, "tasks": {"probe_malignancy": {"auroc": value}}}
        finish(study, fit, parameters=1, **told)
    row = make_results(study, "command")["variants"]["shuffled"]
    assert row["seeds"] == [0, 1]
    assert row["difference"]["probe_malignancy"] == {
        "mean": pytest.approx(0.1), "lower": None, "upper": None, "seeds": 2,
        "p": None, "p_holm": None,
    }  # fmt: skip
    assert row["metrics"]["probe_malignancy"]["mean"] == pytest.approx(0.25)
    assert row["metrics"]["temporal_image"]["mean"] is None


@pytest.mark.parametrize(
    ("ranks", "areas", "noticed"),
    [
        ([(0.2, 0.4), (0.2, 0.3)], [(0.9, 0.5), (0.9, 0.6)], True),
        ([(0.2, 0.4), (0.2, 0.1)], [(0.9, 0.5), (0.9, 0.6)], False),
        ([(0.2, 0.4), (0.2, 0.3)], [(0.9, 0.5), (0.5, 0.6)], False),
        ([(0.2, 0.4)], [(0.9, 0.5)], False),
    ],
)
def test_the_control_is_noticed_where_it_is_worse_in_every_seed(
    screens: Path, tmp_path: Path, ranks: list[tuple[float, float]], areas: list[tuple[float, float]], noticed: bool
) -> None:
    study = replace(make_study(screens, tmp_path, seeds=len(ranks)), variants=("default", "mispaired"))
    for fit in study.fits:
        place = study.variants.index(fit.variant)
        tasks = {
            "retrieval": {"median_rank": ranks[fit.seed][place]},
            "zero_shot_ground_glass": {"auroc": areas[fit.seed][place]},
        }
        finish(study, fit, parameters=1, steps=5, tasks=tasks)
    assert make_results(study, "command")["control_noticed"] is noticed


def test_a_study_without_its_control_has_not_noticed_it(screens: Path, tmp_path: Path) -> None:
    assert make_results(make_study(screens, tmp_path), "command")["control_noticed"] is False


def test_only_main_variants_are_tested(screens: Path, tmp_path: Path) -> None:
    study = replace(make_study(screens, tmp_path, seeds=3), variants=("default", "shuffled", "no_temporal"))
    for fit in study.fits:
        value = {"default": 0.5, "shuffled": 0.6, "no_temporal": 0.7}[fit.variant] * (1 + 0.1 * fit.seed)
        told = {"steps": 5, "tasks": {"probe_malignancy": {"auroc": value}}}
        finish(study, fit, parameters=1, **told)
    rows = make_results(study, "command")["variants"]
    assert rows["shuffled"]["difference"]["probe_malignancy"]["p"] is None
    assert rows["no_temporal"]["difference"]["probe_malignancy"]["p"] is not None
