import math
from collections.abc import Callable

import torch

from csfnet_bundle.networks.medst.losses.direction import direction_alignment


def test_against_a_loop(unit: Callable) -> None:
    change, sentence, other = unit(3), unit(3), unit(3)
    groups = [0, 1, 0, 2, 3, 2]
    asking, answering, total = torch.cat([change, -change]), torch.cat([sentence, other]), 0.0
    for i in range(6):
        scores = [float(asking[i] @ answering[j]) / 0.07 for j in range(6)]
        normaliser = math.log(sum(math.exp(score) for score in scores))
        right = [normaliser - scores[j] for j in range(6) if groups[j] == groups[i]]
        total += sum(right) / len(right) / 6
    assert abs(float(direction_alignment(change, sentence, other, torch.tensor(groups))) - total) < 1e-4


def test_it_knows_the_direction_of_time(unit: Callable) -> None:
    """What the published loss does not: a change that goes the other way costs more."""
    change = unit(1)
    sentence, other, group = change, -change, torch.tensor([0, 1])
    right, wrong = (direction_alignment(one, sentence, other, group) for one in (change, -change))
    assert float(right) < 1e-6
    assert float(wrong) > 2 / 0.07 - 1e-3


def test_equal_sentences_say_nothing_on_direction(unit: Callable) -> None:
    change, sentence, group = unit(2), unit(1).expand(2, -1), torch.zeros(4, dtype=torch.long)
    right, wrong = (direction_alignment(one, sentence, sentence, group) for one in (change, -change))
    torch.testing.assert_close(right, wrong)
    assert float(direction_alignment(change[:0], sentence[:0], sentence[:0], group[:0])) == 0
