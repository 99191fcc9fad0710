import math
from collections.abc import Callable

import torch

from csfnet_bundle.networks.medst.losses.forward_mapping import forward_mapping


def test_against_a_loop(unit: Callable, sort: Callable) -> None:
    image, text, lengths = unit(5), unit(5), [3, 2]
    groups, total = [0, 1, 0, 2, 3], 0.0
    for asking, answering in ((image, text), (text, image)):
        for start, length in ((0, 3), (3, 2)):
            places = range(start, start + length)
            for i in places:
                scores = {j: -float((asking[i] - answering[j]).square().sum()) / 0.1 for j in places}
                normaliser = math.log(sum(math.exp(score) for score in scores.values()))
                right = [normaliser - scores[j] for j in places if groups[j] == groups[i]]
                total += sum(right) / len(right) / 5
    assert abs(float(forward_mapping(sort(image, text, lengths, groups))) - total) < 1e-3


def test_a_worked_example(sort: Callable) -> None:
    """Two studies at right angles that fit: |x - y|^2 is 0 or 2, each cross-entropy log(1 + exp(-20))."""
    vectors = torch.eye(2, 128)
    swapped = float(forward_mapping(sort(vectors, vectors.flip(0), [2])))
    assert abs(swapped - 2 * (20 + math.log1p(math.exp(-20)))) < 1e-4


def test_shuffling_images_and_texts_together_changes_nothing(unit: Callable, sort: Callable) -> None:
    image, text, order = unit(4), unit(4), torch.tensor([2, 0, 3, 1])
    before = forward_mapping(sort(image, text, [4]))
    torch.testing.assert_close(before, forward_mapping(sort(image[order], text[order], [4])))
    assert not torch.isclose(before, forward_mapping(sort(image, text[order], [4])))


def test_nothing_without_sequences(unit: Callable, sort: Callable) -> None:
    sequences = sort(unit(2), unit(2), [2])
    assert float(forward_mapping(sequences.select(torch.tensor([False])))) == 0
