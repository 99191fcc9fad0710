"""The command that makes the nodule weights; it stands here for the small cohort of boxed nodules."""

import json
from functools import partial

from csfnet_bundle.commands.make_nodule_model import RESULT, make_nodule_model
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.studies.real_nodules import follow_up, recipe
from csfnet_bundle.studies.real_nodules.follow_up import WAYS
from csfnet_bundle.studies.real_nodules.pages import follow_up_markdown


def test_weights_and_table_lie_beside_each_other(
    boxed_cohort, tiny_recipe, few_drawn, any_factor, tmp_path, monkeypatch
):
    monkeypatch.setattr(recipe, "load_recipe", lambda name, root: tiny_recipe)
    monkeypatch.setattr(follow_up, "make_follow_up_sets", partial(follow_up.make_follow_up_sets, pairs=(12, 12)))
    model = tmp_path / "made" / "model.pt"
    make_nodule_model(boxed_cohort, tmp_path / "out", model=model)
    assert DOMAIN_KEY in load_checkpoint(model).further
    result = json.loads(model.with_name(RESULT.name).read_text())
    assert len(result["folds"]) == 5 * len(WAYS)
    spent = {"tiny, pre-training", "tiny, seed 0", "phantoms", "grown nodules", "follow-up part"}
    assert set(result["seconds"]) == spent
    assert "Processor minutes: tiny, pre-training: " in follow_up_markdown(result)
    assert f" {result['left_out']['nodules']} had no room: " in follow_up_markdown(result)
