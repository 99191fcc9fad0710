import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.temporal import (
    Sequences,
    _regressed_one_way,
    direction_alignment,
    forward_mapping,
    reverse_mapping,
    similarity,
    sort_into_sequences,
)


def test_rows_in_any_order_find_their_place(unit: Callable) -> None:
    image, text = unit(5), unit(5)
    sequence, position = torch.tensor([1, 0, 1, 0, 1]), torch.tensor([2, 0, 0, 1, 1])
    sequences = sort_into_sequences(image, text, torch.tensor([7, 1, 7, 2, 3]), sequence, position)
    torch.testing.assert_close(sequences.image[1], image[[2, 4, 0]])
    torch.testing.assert_close(sequences.text[0, :2], text[[1, 3]])
    assert sequences.mask.tolist() == [[True, True, False], [True, True, True]]
    assert sequences.repeated().tolist() == [[False, False, False], [True, False, True]]


def test_similarity_against_a_loop(unit: Callable) -> None:
    asking, answering = unit(2, 3), unit(2, 3)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    scores = similarity(asking, answering, mask)
    for row in range(2):
        for i in range(3):
            for j in range(3):
                expected = -((asking[row, i] - answering[row, j]) ** 2).sum() / 0.1
                assert abs(float(scores[row, i, j] - expected)) < 1e-3 or not mask[row, j]
    assert scores[1, :, 2].softmax(dim=0).isfinite().all()
    assert not similarity(asking, answering, mask).softmax(dim=2)[1, :, 2].any()


def test_forward_mapping_against_a_loop(unit: Callable, sort: Callable) -> None:
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


def test_a_worked_example_of_forward_mapping(sort: Callable) -> None:
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


def from_images(sequences: Sequences, variance_floor: bool = True) -> Tensor:
    """Return the half that starts at the images."""
    return _regressed_one_way(sequences, sequences.mask, variance_floor)


def loop(image: Tensor, text: Tensor, floor: bool) -> float:
    """Return both halves for one sequence, study by study, in double precision."""
    total, steps = 0.0, len(image)
    for u, v in ((image.double(), text.double()), (text.double(), image.double())):
        for i in range(steps):
            there = torch.softmax(torch.stack([-(u[i] - v[k]).square().sum() / 0.1 for k in range(steps)]), dim=0)
            neighbour = sum(there[k] * v[k] for k in range(steps))
            back = torch.softmax(torch.stack([-(neighbour - u[k]).square().sum() / 0.1 for k in range(steps)]), dim=0)
            mean = sum(float(back[k]) * k / steps for k in range(steps))
            variance = sum(float(back[k]) * (k / steps - mean) ** 2 for k in range(steps))
            variance = max(variance, (0.5 / steps) ** 2) if floor else variance + 1e-7
            total += ((i / steps - mean) ** 2 / variance + 0.001 * math.log(variance)) / steps
    return total


@pytest.mark.parametrize("floor", [True, False])
def test_reverse_mapping_against_a_loop(floor: bool, unit: Callable, sort: Callable) -> None:
    # Vectors that are alike: the way back is unsure, and the variance lies on either side of the floor.
    centre = unit(1)
    image, text = (torch.nn.functional.normalize(centre + 0.5 * unit(4), dim=1) for _ in range(2))
    expected = loop(image, text, floor)
    assert abs(float(reverse_mapping(sort(image, text, [4]), floor)) - expected) < 1e-3 * abs(expected)


def test_a_worked_example_of_reverse_mapping(sort: Callable) -> None:
    """Images at right angles with their texts: every way ends where it began, within the floor of (0.5 / 2)^2."""
    vectors = torch.eye(2, 128)
    assert abs(float(reverse_mapping(sort(vectors, vectors, [2]))) - 2 * 0.001 * math.log(1 / 16)) < 1e-6


def test_wrongly_paired_texts_change_nothing(unit: Callable, sort: Callable) -> None:
    """The way from an image to the texts and back does not ask which text is whose; nor does that from a text."""
    image, text, order = unit(4), unit(4), torch.tensor([2, 0, 3, 1])
    right, wrong = sort(image, text, [4]), sort(image, text[order], [4])
    torch.testing.assert_close(from_images(right), from_images(wrong))
    wrong = sort(image[order], text, [4])
    torch.testing.assert_close(from_images(right.swapped()), from_images(wrong.swapped()))


@pytest.mark.parametrize("floor", [True, False])
def test_time_reversal_changes_nothing(floor: bool, unit: Callable, sort: Callable) -> None:
    centre = unit(1)
    image, text = (torch.nn.functional.normalize(centre + 0.5 * unit(4), dim=1) for _ in range(2))
    forward, backward = sort(image, text, [4]), sort(image.flip(0), text.flip(0), [4])
    torch.testing.assert_close(reverse_mapping(forward, floor), reverse_mapping(backward, floor), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1]])
def test_shuffling_a_sequence_that_drifts_changes_reverse_mapping_alone(
    order: list[int], unit: Callable, sort: Callable
) -> None:
    """It does not see which end comes first, but who is whose neighbour."""
    image = torch.nn.functional.normalize(unit(1) + 0.35 * torch.arange(3)[:, None] * unit(1), dim=1)
    text = torch.nn.functional.normalize(image + 0.02 * torch.randn(3, 128), dim=1)
    ordered, turned, shuffled = (sort(image[places], text[places], [3]) for places in ([0, 1, 2], [2, 1, 0], order))
    torch.testing.assert_close(reverse_mapping(turned), reverse_mapping(ordered), rtol=1e-4, atol=1e-5)
    assert float(reverse_mapping(shuffled)) > float(reverse_mapping(ordered)) + 0.02
    torch.testing.assert_close(forward_mapping(shuffled), forward_mapping(ordered), rtol=1e-4, atol=1e-5)


def test_repeated_texts_leave_and_stay_finite(unit: Callable, sort: Callable) -> None:
    """The published form reaches far beyond what any other study gives, this project's does not."""
    image, once, twice = unit(3).requires_grad_(), unit(1), unit(1)
    text = torch.cat([once, twice, twice])
    sequences = sort(image, text, [3], [0, 1, 1])
    ours = reverse_mapping(sequences)
    ours.backward()
    assert abs(ours.item()) < 2 * 4 * 3**2  # no place is further than 1 away, the deviation at least 0.5 / 3
    assert torch.isfinite(image.grad).all()
    published = reverse_mapping(sort(image, twice.expand(3, -1), [3], [0, 0, 0]), False, False)
    assert torch.isfinite(published)
    assert reverse_mapping(sort(image, twice.expand(3, -1), [3], [0, 0, 0])).item() == 0


def test_padding_of_shorter_sequences_changes_nothing(unit: Callable, sort: Callable) -> None:
    image, text = unit(6), unit(6)
    together = reverse_mapping(sort(image, text, [4, 2]))
    apart = [reverse_mapping(sort(image[:4], text[:4], [4])), reverse_mapping(sort(image[4:], text[4:], [2]))]
    torch.testing.assert_close(together, (4 * apart[0] + 2 * apart[1]) / 6)


def test_direction_against_a_loop(unit: Callable) -> None:
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
