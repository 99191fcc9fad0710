"""The layout of convolutions' kernels in memory, which decides how fast narrow networks train on a CPU."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

KERNEL_AXES = 5
"""Of a three-dimensional convolution's kernel: outputs, inputs, depth, height, width."""

Module = TypeVar("Module", bound=nn.Module)


def channels_last(network: Module) -> Module:
    """Lay out the kernels of three-dimensional convolutions channels last, in place; return the network.

    The maps between them follow, and what the network says changes by rounding alone. ``Module.to`` would fail where a
    network also has two-dimensional kernels.
    """
    for parameter in network.parameters():
        if parameter.dim() == KERNEL_AXES:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    return network
