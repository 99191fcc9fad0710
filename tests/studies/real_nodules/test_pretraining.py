"""Pre-training on drawn nodules."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.real_nodules.drawn_nodules import Drawing
from csfnet_bundle.studies.real_nodules.pretraining import in_random_position, load_pretrained, pretrain


def test_weights_are_made_once_and_taken_over_but_for_the_answers(tiny_recipe, few_drawn, tmp_path):
    path = pretrain(tiny_recipe, tmp_path / "weights", tmp_path / "cache", seed=0)
    made = path.stat().st_mtime_ns
    assert pretrain(tiny_recipe, tmp_path / "weights", tmp_path / "cache", seed=0).stat().st_mtime_ns == made
    torch.manual_seed(5)
    network = tiny_recipe.make_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    load_pretrained(network, path)
    after = network.state_dict()
    assert not torch.equal(after["encoder.layers.0.0.weight"], before["encoder.layers.0.0.weight"])
    assert not torch.equal(after["head.descriptions.weight"], before["head.descriptions.weight"])
    for name in ("head.answer.weight", "head.hidden.1.weight"):
        assert torch.equal(after[name], before[name]), name


def test_positions_are_flips_and_quarter_turns_of_whole_views():
    view = torch.arange(2 * 2 * 3 * 3, dtype=torch.float32).reshape(1, 2, 2, 3, 3)
    turned = in_random_position(view.expand(200, -1, -1, -1, -1), torch.Generator().manual_seed(0))
    assert len({tuple(one.flatten().tolist()) for one in turned}) == 16
    assert all(torch.equal(one.flatten(1).sort(dim=1).values, view[0].flatten(1).sort(dim=1).values) for one in turned)


def test_other_kinds_of_drawn_nodules_are_drawn_anew_and_not_taken_for_these(tiny_recipe, few_drawn, tmp_path):
    pretrain(tiny_recipe, tmp_path / "weights", tmp_path / "cache", seed=0)
    other = replace(tiny_recipe, drawing=Drawing(small=1.0))
    with pytest.raises(BundleError, match="other settings"):
        pretrain(other, tmp_path / "weights", tmp_path / "cache", seed=0)
    pretrain(other, tmp_path / "others", tmp_path / "cache", seed=0)
    sizes = [np.load(path)[:, 0].mean() for path in sorted((tmp_path / "cache").glob("*_targets.npy"))]
    assert len(sizes) == 2
    assert sizes[0] > sizes[1]
