import math
from collections.abc import Callable

import torch

from csfnet_bundle.networks.medst.losses.global_alignment import global_alignment


def test_a_worked_example() -> None:
    """Two studies at right angles that fit: each cross-entropy is log(1 + exp(-1 / 0.07))."""
    vectors = torch.eye(2, 128)
    expected = 2 * math.log1p(math.exp(-1 / 0.07))
    assert abs(float(global_alignment(vectors, vectors, torch.arange(2))) - expected) < 1e-6
    swapped = 2 * (1 / 0.07 + math.log1p(math.exp(-1 / 0.07)))
    assert abs(float(global_alignment(vectors, vectors.flip(0), torch.arange(2))) - swapped) < 1e-4


def test_against_a_loop(unit: Callable) -> None:
    image, text, group = unit(5), unit(5), [0, 1, 1, 2, 3]
    total = 0.0
    for asking, answering in ((image, text), (text, image)):
        for i in range(5):
            scores = [float(asking[i] @ answering[j]) / 0.07 for j in range(5)]
            normaliser = math.log(sum(math.exp(score) for score in scores))
            right = [normaliser - scores[j] for j in range(5) if group[j] == group[i]]
            total += sum(right) / len(right) / 5
    assert abs(float(global_alignment(image, text, torch.tensor(group))) - total) < 1e-4


def test_equal_texts_do_not_push_each_other_away(unit: Callable) -> None:
    """With all texts the same, nothing says which image belongs to which."""
    image, text = unit(4).requires_grad_(), unit(1).expand(4, -1)
    global_alignment(image, text, torch.zeros(4, dtype=torch.long)).backward()
    assert torch.isfinite(image.grad).all()
    together = torch.zeros(4, dtype=torch.long)
    assert abs(float(global_alignment(text, text, together)) - 2 * math.log(4)) < 1e-5
