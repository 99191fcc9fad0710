import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from csfnet_bundle.training.measure.loss import measuring_loss


def ball(radius: float, size: int = 20) -> torch.Tensor:
    axis = torch.arange(size) - (size - 1) / 2
    away = (axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None] ** 2).sqrt()
    return (radius - away + 0.5).clamp(0, 1)[None]


def logits(share: torch.Tensor) -> torch.Tensor:
    return torch.logit(share.clamp(1e-4, 1 - 1e-4))


@settings(max_examples=15, deadline=None)
@given(radius=st.floats(2.5, 7.0), other=st.floats(0.6, 1.6).filter(lambda f: abs(f - 1) > 0.05))
def test_the_right_size_has_the_least_loss(radius: float, other: float) -> None:
    target, weight = ball(radius), torch.ones(1, 20, 20, 20)
    right = measuring_loss(logits(target), target, weight)
    assert right < measuring_loss(logits(ball(radius * other)), target, weight)


def test_what_has_no_weight_does_not_count() -> None:
    target = ball(4.0)
    weight = torch.ones_like(target)
    weight[..., :3] = 0
    wrong = logits(target).clone()
    wrong[..., :3] = 9.0
    assert measuring_loss(wrong, target, weight) == pytest.approx(measuring_loss(logits(target), target, weight).item())


def test_the_loss_falls_along_its_gradient() -> None:
    target, weight = ball(4.0), torch.ones(1, 20, 20, 20)
    guess = torch.zeros_like(target, requires_grad=True)
    losses = []
    for _ in range(30):
        loss = measuring_loss(guess, target, weight)
        (gradient,) = torch.autograd.grad(loss, guess)
        guess = (guess - 300 * gradient).detach().requires_grad_()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
