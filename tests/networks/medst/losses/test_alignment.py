import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst.losses.alignment import (
    gather_rows,
    global_alignment,
    local_alignment,
    match_loss,
    rank_share,
)


def test_with_one_right_answer_it_is_the_cross_entropy() -> None:
    scores, right = torch.randn(5, 7), torch.tensor([0, 6, 3, 3, 1])
    expected = F.cross_entropy(scores, right, reduction="none")
    torch.testing.assert_close(match_loss(scores, F.one_hot(right, 7) > 0), expected)


def test_with_two_right_answers_both_count_the_same() -> None:
    scores = torch.tensor([[2.0, 0.0, 1.0]])
    total = math.exp(2) + 1 + math.exp(1)
    expected = -(math.log(math.exp(2) / total) + math.log(1 / total)) / 2
    assert abs(float(match_loss(scores, torch.tensor([[True, True, False]]))) - expected) < 1e-5


def test_a_column_that_is_no_candidate_changes_nothing() -> None:
    scores = torch.tensor([[2.0, 0.0, -torch.inf]], requires_grad=True)
    loss = match_loss(scores, torch.tensor([[True, False, False]]))
    assert abs(loss.item() - math.log(1 + math.exp(-2))) < 1e-6
    loss.sum().backward()
    assert torch.isfinite(scores.grad).all()


def test_a_worked_example_of_the_global_loss() -> None:
    """Two studies at right angles that fit: each cross-entropy is log(1 + exp(-1 / 0.07))."""
    vectors = torch.eye(2, 128)
    expected = 2 * math.log1p(math.exp(-1 / 0.07))
    assert abs(float(global_alignment(vectors, vectors, torch.arange(2))) - expected) < 1e-6
    swapped = 2 * (1 / 0.07 + math.log1p(math.exp(-1 / 0.07)))
    assert abs(float(global_alignment(vectors, vectors.flip(0), torch.arange(2))) - swapped) < 1e-4


def test_the_global_loss_against_a_loop(unit: Callable) -> None:
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


def test_the_local_loss_against_a_loop(unit: Callable) -> None:
    tokens, context = unit(2, 4), unit(2, 4)
    mask = torch.tensor([[True, True, True, False], [True, False, True, False]])
    weights = torch.rand(2, 4) * mask
    weights = weights / weights.sum(dim=1, keepdim=True)
    total = 0.0
    for study in range(2):
        counting = [i for i in range(4) if mask[study, i]]
        scores = {(i, j): float(tokens[study, i] @ context[study, j]) / 0.1 for i in counting for j in counting}
        for i in counting:
            row = math.log(sum(math.exp(scores[i, j]) for j in counting)) - scores[i, i]
            column = math.log(sum(math.exp(scores[j, i]) for j in counting)) - scores[i, i]
            total += float(weights[study, i]) * (row + column) / 2 / 2
    assert abs(float(local_alignment(tokens, context, weights, mask)) - total) < 1e-4


def test_a_worked_example_of_the_local_loss() -> None:
    """Two words at right angles, each with its own context: half the sum of twice log(1 + exp(-10))."""
    words = torch.eye(2, 128).unsqueeze(0)
    loss = local_alignment(words, words, torch.full((1, 2), 0.5), torch.ones(1, 2) > 0)
    assert abs(float(loss) - math.log1p(math.exp(-10))) < 1e-6


def test_what_does_not_count_is_no_negative(unit: Callable) -> None:
    tokens, context, mask = unit(1, 4), unit(1, 4).requires_grad_(), torch.tensor([[True, True, True, False]])
    weights = mask / 3
    other = tokens.clone()
    other[0, 3] = unit(1)[0]
    loss = local_alignment(tokens, context, weights, mask)
    torch.testing.assert_close(loss, local_alignment(other, context, weights, mask), rtol=0, atol=0)
    loss.backward()
    assert not context.grad[0, 3].any()


def test_studies_without_tokens_leave_the_mean(unit: Callable) -> None:
    tokens, context = unit(2, 3), unit(2, 3)
    mask = torch.tensor([[True, True, True], [False, False, False]])
    both = local_alignment(tokens, context, mask / 3, mask)
    torch.testing.assert_close(both, local_alignment(tokens[:1], context[:1], mask[:1] / 3, mask[:1]))
    assert float(local_alignment(tokens[1:], context[1:], mask[1:] / 3, mask[1:])) == 0


SCRIPT = Path(__file__).parent / "gathering_process.py"
REPOSITORY = Path(__file__).parents[4]


def test_a_single_process_keeps_its_rows() -> None:
    rows = torch.rand(3, 4)
    assert gather_rows(rows) is rows
    assert float(rank_share(4, rows)) == 0.25


def test_two_processes_get_the_loss_and_gradient_of_one(tmp_path: Path) -> None:
    """With different numbers of studies, and a text that both have."""
    layer, image, text = torch.randn(6, 128), torch.randn(7, 6), torch.randn(7, 6)
    group = torch.tensor([0, 1, 2, 3, 1, 4, 5])
    for rank, rows in enumerate((slice(0, 3), slice(3, 7))):
        part = {"layer": layer, "image": image[rows].clone(), "text": text[rows].clone(), "group": group[rows].clone()}
        torch.save(part, tmp_path / f"rank{rank}.pt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(SCRIPT)]
    running = [subprocess.Popen([*command, str(rank), str(tmp_path)], env=environment) for rank in range(2)]
    assert [process.wait(timeout=300) for process in running] == [0, 0]

    layer.requires_grad_()
    expected = global_alignment(F.normalize(image @ layer, dim=1), F.normalize(text @ layer, dim=1), group)
    expected.backward()
    results = [torch.load(tmp_path / f"result{rank}.pt", weights_only=True) for rank in range(2)]
    torch.testing.assert_close((results[0]["loss"] + results[1]["loss"]) / 2, expected.detach())
    for result in results:
        torch.testing.assert_close(result["gradient"], layer.grad)
