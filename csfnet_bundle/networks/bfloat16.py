"""Mixed precision in bfloat16, with what a library computes wrongly left in float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

DEPTH = 2
"""Axis of the depth in (B, C, D, H, W), and in a kernel."""


class _ExactShallowConvolutions(TorchFunctionMode):
    """Computes convolutions of maps that are shallower than their kernel in float32.

    For those oneDNN 3.12 (torch 2.13.0, a processor with AVX512-BF16) reads uninitialized memory when it computes the
    kernel's gradient in bfloat16. Some gradients are not finite, others are finite and wrong, and no two runs agree.
    CSF-Net's last stage has such maps, and so has the measuring network.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.conv3d and len(args) > 1 and 1 < args[0].shape[DEPTH] < args[1].shape[DEPTH]:
            with torch.autocast("cpu", enabled=False):
                return func(*(_exact(value) for value in args), **{name: _exact(kwargs[name]) for name in kwargs})
        return func(*args, **kwargs)


def _exact(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) else value


@contextmanager
def bfloat16_where(enabled: bool, device: str) -> Iterator[None]:
    """Compute what is inside in bfloat16 where torch deems that safe, if it is enabled.

    Args:
        enabled: else nothing is changed.
        device: its type, ``"cpu"`` or ``"cuda"``.
    """
    if not enabled:
        yield
    elif device == "cpu":
        with torch.autocast(device, torch.bfloat16), _ExactShallowConvolutions():
            yield
    else:
        with torch.autocast(device, torch.bfloat16):
            yield
