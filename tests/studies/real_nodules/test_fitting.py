"""One fit: what it is asked for is what it gives, or it is rejected."""

from dataclasses import replace

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs, make_splits
from csfnet_bundle.studies.real_nodules.fitting import is_fitted, read_fit, run_fit
from csfnet_bundle.studies.real_nodules.pretraining import pretrain
from csfnet_bundle.studies.real_nodules.recipe import Schedule
from csfnet_bundle.studies.real_nodules.volumes import filled_volumes


@pytest.fixture
def fitted(boxed_cohort, tiny_recipe, few_drawn, tmp_path):
    datalist = load_datalist(boxed_cohort)
    volumes = filled_volumes(labelled_pairs(datalist), datalist.folder, tmp_path / "cache")
    start = pretrain(tiny_recipe, tmp_path / "start", tmp_path / "cache", seed=0)
    split, other = make_splits(datalist, 2)
    asked = {"recipe": tiny_recipe, "split": split, "volumes": volumes, "start": start, "seed": 0}
    run_fit(**asked, folder=tmp_path / "fit")
    return asked, other, tmp_path


def test_a_finished_fit_is_read(fitted):
    asked, _, folder = fitted
    assert is_fitted(folder / "fit")
    before = read_fit(folder / "fit")
    run_fit(**asked, folder=folder / "fit")
    assert all(table.equals(before[name]) for name, table in read_fit(folder / "fit").items())
    assert len(before["test"]) == len(asked["split"].test)


@pytest.mark.parametrize("change", ["recipe", "split", "start", "seed"])
def test_a_finished_fit_is_not_taken_for_another(fitted, change):
    asked, other_split, folder = fitted
    recipe = asked["recipe"]
    faster = replace(recipe, schedule=Schedule(batch_size=4, learning_rate=0.05))
    other = {"recipe": faster, "split": other_split, "start": None, "seed": 1}[change]
    with pytest.raises(BundleError, match="other settings"):
        run_fit(**{**asked, change: other}, folder=folder / "fit")


def test_a_finished_pretraining_is_not_taken_for_another(fitted):
    asked, _, folder = fitted
    longer = replace(asked["recipe"], pretraining_steps=5)
    with pytest.raises(BundleError, match="other settings"):
        pretrain(longer, folder / "start", folder / "cache", seed=0)
