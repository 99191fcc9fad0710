"""Recipes: one base config, small overrides."""

import json

import pytest
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.studies.real_nodules.recipe import BASE, FOLDER, load_recipe

NAMES = sorted(path.stem for path in (REPOSITORY / FOLDER).glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_makes_its_network(name):
    recipe = load_recipe(name, REPOSITORY)
    assert isinstance(recipe.make_network(), NoduleNetwork)
    assert recipe.name == name


def test_an_override_changes_what_it_names_and_no_more():
    base, without = load_recipe(BASE, REPOSITORY), load_recipe("without_pretraining", REPOSITORY)
    assert without.pretraining_steps == 0
    assert (without.network, without.schedule, without.epochs) == (base.network, base.schedule, base.epochs)


@pytest.mark.parametrize(
    ("setting", "words"), [({"epoch": 3}, "setting 'epoch' is not known"), ({"loss#ratings_": 1}, "ratings_")]
)
def test_a_misspelt_setting_is_refused(tmp_path, setting, words):
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "base.json").write_text((REPOSITORY / FOLDER / "base.json").read_text())
    (tmp_path / FOLDER / "mine.json").write_text(json.dumps(setting))
    with pytest.raises(BundleError) as error:
        load_recipe("mine", tmp_path)
    assert words in str(error.value)
