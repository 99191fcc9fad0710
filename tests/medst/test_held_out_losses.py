import math
from pathlib import Path

import pytest
import torch

from csfnet_bundle.medst import Pretrained, PretrainingNetwork, SentenceTokenizer, StudyViews, study_sequences
from csfnet_bundle.medst import held_out_losses as module
from csfnet_bundle.medst.held_out_losses import held_out_losses


def test_each_loss_stands_beside_that_of_a_network_that_says_the_same_of_all(
    screens: Path, views: StudyViews, network: PretrainingNetwork, tokenizer: SentenceTokenizer
) -> None:
    pretrained = Pretrained(network, tokenizer, views.roi.to_plain(), (), {})
    found = held_out_losses(pretrained, study_sequences(screens, "test"), views)
    assert (found["batches"], found["studies_a_batch"]) == (1, 30)
    chance = {name: told["chance"] for name, told in found["losses"].items()}
    assert chance["global"] == pytest.approx(2 * math.log(30), abs=1e-4)
    assert chance["local"] == pytest.approx(math.log(30), abs=1e-4)
    assert chance["forward_mapping"] == pytest.approx(2 * math.log(3), abs=0.1), "equal texts have more right answers"
    assert all(torch.isfinite(torch.tensor(told["value"])) for told in found["losses"].values())
    assert held_out_losses(pretrained, study_sequences(screens, "validation"), views) == {}, "no whole batch"


def test_too_short_sequences_have_none(
    screens: Path, views: StudyViews, network: PretrainingNetwork, tokenizer: SentenceTokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "WINDOW", 4)
    pretrained = Pretrained(network, tokenizer, views.roi.to_plain(), (), {})
    assert held_out_losses(pretrained, study_sequences(screens, "test"), views) == {}
