"""The nodule weights that come with the bundle."""

from dataclasses import replace

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.roi_statistics import OF_ONE
from csfnet_bundle.prediction.checkpoint import OPINION, PAIR_CAVEAT, load_checkpoint
from csfnet_bundle.prediction.input_checks import training_domain
from csfnet_bundle.prediction.seen_patients import check_unseen
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs
from csfnet_bundle.studies.real_nodules.follow_up import PHANTOMS_ALONE, WAYS, make_follow_up_sets
from csfnet_bundle.studies.real_nodules.shipping import (
    ATTRIBUTION,
    card,
    grow_cohort,
    judge_follow_up,
    make_shipped_model,
)
from csfnet_bundle.studies.real_nodules.study import Study, fit_study


@pytest.fixture
def study(boxed_cohort, tiny_recipe, few_drawn, tmp_path):
    return Study(boxed_cohort, tmp_path, (tiny_recipe,), seeds=1, folds=3)


@pytest.fixture
def phantoms(tiny_recipe, tmp_path):
    return make_follow_up_sets(tmp_path / "phantoms", tiny_recipe.roi_size, pairs=(12, 12))


def test_weights_say_what_they_are_and_whom_they_have_seen(study, phantoms, any_factor, tmp_path):
    path = tmp_path / "model.pt"
    grown = grow_cohort(study, study.recipes[0])
    make_shipped_model(study, study.recipes[0], phantoms, grown).save(path)
    checkpoint = load_checkpoint(path)
    assert "radiologists' opinion" in checkpoint.trained_on
    assert "follow-up part on grown nodules, its scale on phantoms" in checkpoint.trained_on
    assert "never judged on patients' follow-up" in checkpoint.trained_on
    assert checkpoint.pair_caveat == PAIR_CAVEAT
    assert checkpoint.provenance["attribution"] == ATTRIBUTION
    assert not checkpoint.provenance["phantom"]
    assert checkpoint.provenance["label"] == OPINION
    labelled = labelled_pairs(load_datalist(study.dataset_dir))
    assert 0 < checkpoint.provenance["validation"]["malignant"] < checkpoint.provenance["validation"]["pairs"]
    assert len(checkpoint.seen_patients[0]["hashes"]) == len({pair.subject for pair in labelled})
    assert checkpoint.roi.size == (16, 24, 24)
    domain = training_domain(checkpoint)
    assert domain is not None
    assert domain.statistics == OF_ONE
    assert domain.training_pairs == len(labelled)
    assert domain.diameters_mm == pytest.approx((4.0, 13.6), abs=0.1)
    with pytest.raises(BundleError, match="P0"):
        check_unseen(checkpoint.seen_patients, study.dataset_dir, "model.pt")
    network = checkpoint.create_network().eval()
    image = torch.rand(2, 2, 16, 24, 24)
    again = make_shipped_model(replace(study), study.recipes[0], phantoms, grown).create_network().eval()
    torch.testing.assert_close(network(image), again(image))
    assert checkpoint.architecture["name"] == "FollowUpNoduleNetwork"
    judged = judge_follow_up(study, study.recipes[0], phantoms, grown)
    assert [row["fitted"] for row in judged["folds"]] == [*WAYS] * study.folds
    assert sum(row["grown"]["pairs"] for row in judged["folds"]) == 3 * len(grown.names)  # each in one fold's test
    opinions = [row["areas"]["opinion on t1"]["auc"] for row in judged["folds"]]
    assert opinions[0] == opinions[1] == opinions[2]
    started = make_shipped_model(study, study.recipes[0], phantoms, grown, PHANTOMS_ALONE).weights
    changed = {name for name, value in started.items() if not torch.equal(value, checkpoint.weights[name])}
    assert changed
    assert all(name.startswith("change.") for name in changed)
    assert set(judged["folds"][0]["areas"]) == {"opinion on t1", "follow-up part", "both", "oracle"}


def test_folds_of_another_recipe_do_not_decide(study, phantoms):
    fit_study(study)
    other = replace(study.recipes[0], epochs=3)
    with pytest.raises(BundleError, match="other settings"):
        make_shipped_model(replace(study, recipes=(other,)), other, phantoms, grow_cohort(study, other))


def test_the_shipped_file_says_what_its_maker_would_say(repository):
    shipped = load_checkpoint(repository / "models" / "nodules" / "model.pt")
    assert shipped.trained_on == card(696, 386)
    assert shipped.pair_caveat == PAIR_CAVEAT
