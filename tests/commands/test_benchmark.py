"""The command, with another cohort to be predicted."""

import json
from pathlib import Path

import pandas as pd
import pytest
from helpers.rough_references import rough_references
from helpers.small_cohort import make_small_cohort

from csfnet_bundle.commands import main
from csfnet_bundle.commands.benchmark import config_name
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.studies.benchmark.references import ORACLES


@pytest.fixture(scope="module")
def other_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another seed's phantoms, whose patients have the numbers of the small cohort's test patients."""
    folder = make_small_cohort(tmp_path_factory.mktemp("other"), seed=1)
    datalist = load_datalist(folder)
    save_datalist(Datalist(folder, {"test": datalist.section("test")}, datalist.header))
    return folder


def test_a_result_names_configs_as_its_command_can_be_repeated(repository: Path, tmp_path: Path) -> None:
    """A config in a folder of configs/ keeps the folder; one from elsewhere does not show whose machine it lies on."""
    assert (
        config_name(repository / "configs" / "medst" / "labelled_80.json", repository)
        == "configs/medst/labelled_80.json"
    )
    assert config_name(tmp_path / "own.json", repository) == "own.json"


@pytest.mark.long
def test_quick_makes_everything_and_predicts_another_cohort(
    small_cohort: Path, other_cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / "small.json"
    small.write_text(json.dumps({"roi": {"size": [8, 16, 16], "spacing": [2, 2, 2], "window": [-1200, 600]}}))
    words = ["benchmark", f"--dataset_dir={small_cohort}", f"--out={tmp_path / 'out'}", "--systems=csfnet,t1_image"]
    words += ["--quick", "--epochs=1", f"--config={small}", f"--evaluate_on={other_cohort}", "--devices=cpu"]
    words += ["--common_test=12"]
    with rough_references():
        assert main(words) == 0
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert document["protocol"]["folds"] == document["protocol"]["seeds"] == document["protocol"]["epochs"] == 1
    assert document["protocol"]["width"] == 0.125
    assert document["data"]["pairs"] == 8
    assert set(document["external"]["systems"]) == set(document["systems"])
    assert document["external"]["systems"]["csfnet"]["pairs"] == 8
    assert "difference_seed_deviation" in document["external"]["systems"]["csfnet"]
    common = document["common_test"]
    assert set(common["systems"]) >= {"csfnet", "t1_image", "simple reference, all inputs", *ORACLES}
    assert set(common["permuted"]) == set(common["seeds"]) == {"csfnet", "t1_image"}
    assert common["permuted"]["t1_image"]["difference"] == 0  # it sees no clinical values
    assert common["pairs"] == common["systems"]["t1_image"]["pairs"] == 12
    assert common["systems"]["oracle: all"]["auc"] > 0.8
    lower, upper = (common["systems"]["t1_image"][f"difference_{end}"] for end in ("lower", "upper"))
    assert common["separates"]["t1_image"] == pytest.approx((upper - lower) / 2, abs=1e-4)
    assert common["seeds"]["csfnet"] == [pytest.approx(common["systems"]["csfnet"]["auc"], abs=1e-5)]
    assert set(document["protocol"]["attention_peaks"]) == {"csfnet"}  # the other one has no attention
    assert document["protocol"]["attention_peaks"]["csfnet"]["image"] >= 1
    kept = pd.read_csv(tmp_path / "out" / "common_test.csv.gz", index_col="subject")
    assert list(kept.columns) == ["label", "csfnet/fold0_seed0", "t1_image/fold0_seed0"]
    assert len(kept) == 12
    text = (tmp_path / "out" / "tables.md").read_text()
    assert "on another cohort" in text
    assert "The common test set: 12 phantom pairs of seed 20261130" in text
    assert "results.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--systems=csfnet,vgg"], "there is no system 'vgg'"),
        (["--config=nowhere.json"], "there is no config file"),
        (["--seeds=-1"], "--seeds: is -1, expected 1 or more"),
    ],
)
def test_a_users_mistake_is_one_line(
    words: list[str], problem: str, small_cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", f"--dataset_dir={small_cohort}", f"--out={tmp_path / 'out'}", *words]) == 1
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_cohort_that_was_trained_on_judges_nothing(
    small_cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--dataset_dir={small_cohort}", f"--evaluate_on={small_cohort}", f"--out={tmp_path / 'out'}"]
    assert main(["benchmark", *words]) == 1
    assert "is in both cohorts" in capsys.readouterr().err
