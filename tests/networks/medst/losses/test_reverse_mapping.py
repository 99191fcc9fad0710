import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from csfnet_bundle.networks.medst.losses.reverse_mapping import _one_way, reverse_mapping
from csfnet_bundle.networks.medst.losses.sequences import Sequences


def from_images(sequences: Sequences, variance_floor: bool = True) -> Tensor:
    """Return the half that starts at the images."""
    return _one_way(sequences, sequences.mask, variance_floor)


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
def test_against_a_loop(floor: bool, unit: Callable, sort: Callable) -> None:
    # Vectors that are alike: the way back is unsure, and the variance lies on either side of the floor.
    centre = unit(1)
    image, text = (torch.nn.functional.normalize(centre + 0.5 * unit(4), dim=1) for _ in range(2))
    expected = loop(image, text, floor)
    assert abs(float(reverse_mapping(sort(image, text, [4]), floor)) - expected) < 1e-3 * abs(expected)


def test_a_worked_example(sort: Callable) -> None:
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
