import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst import MedSTObjective
from csfnet_bundle.networks.medst.losses.alignment import batch_alignment

STUDIES, WORDS, PATCHES = 6, 5, 8


def _parts(unit: Callable) -> dict[str, Any]:
    word_mask = torch.rand(STUDIES, WORDS) < 0.8
    word_mask[:, 0] = True
    patch_mask = torch.rand(STUDIES, PATCHES) < 0.8
    patch_mask[:, 0] = True
    weights = torch.rand(STUDIES, WORDS) * word_mask
    return {
        "words": unit(STUDIES, WORDS),
        "word_weights": weights / weights.sum(dim=1, keepdim=True),
        "word_mask": word_mask,
        "patches": unit(STUDIES, PATCHES),
        "patch_mask": patch_mask,
        "text_group": torch.arange(STUDIES),
    }


def test_against_a_loop(unit: Callable) -> None:
    parts = _parts(unit)
    scores = torch.zeros(STUDIES, STUDIES)
    for n in range(STUDIES):
        for m in range(STUDIES):
            patches = parts["patches"][m][parts["patch_mask"][m]]
            for i in range(WORDS):
                if parts["word_mask"][n, i]:
                    word = parts["words"][n, i]
                    context = F.normalize(torch.softmax(patches @ word / 0.1, dim=0) @ patches, dim=0)
                    scores[n, m] += parts["word_weights"][n, i] * (word @ context) / 0.1
    target = torch.arange(STUDIES)
    expected = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
    torch.testing.assert_close(batch_alignment(**parts), expected)


def test_one_picture_for_all_studies_stays_at_chance(unit: Callable) -> None:
    """Whatever the words are: they may have been trained for this very picture."""
    parts = _parts(unit)
    parts["patches"] = parts["patches"][:1].expand(STUDIES, -1, -1)
    parts["patch_mask"] = parts["patch_mask"][:1].expand(STUDIES, -1)
    words = parts["words"].clone().requires_grad_()
    optimizer = torch.optim.Adam([words], lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        loss = batch_alignment(**{**parts, "words": F.normalize(words, dim=2)})
        loss.backward()
        optimizer.step()
    assert loss.item() >= math.log(STUDIES) - 1e-4


def test_words_that_fit_their_own_picture_have_a_low_loss(unit: Callable) -> None:
    parts = _parts(unit)
    parts["words"] = parts["patches"][:, :1].expand(-1, WORDS, -1)
    assert batch_alignment(**parts).item() < 0.1


def test_equal_texts_are_no_negatives(unit: Callable) -> None:
    parts = _parts(unit)
    parts["words"], parts["patches"] = (parts[name][:1].expand(STUDIES, -1, -1) for name in ("words", "patches"))
    for name in ("word_mask", "patch_mask", "word_weights"):
        parts[name] = parts[name][:1].expand(STUDIES, -1)
    parts["text_group"] = torch.zeros(STUDIES, dtype=torch.long)
    assert batch_alignment(**parts).item() == pytest.approx(math.log(STUDIES))


def test_other_negatives_are_refused() -> None:
    with pytest.raises(ValueError, match="local_negatives is 'cohort'"):
        MedSTObjective(local_negatives="cohort")
