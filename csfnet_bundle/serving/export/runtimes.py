"""A network as something to call with arrays, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.prediction.forward import run_network
from csfnet_bundle.serving.export.examples import Pairs

Runtime = Callable[[Pairs], NDArray[np.float32]]
"""From pairs to logits (B, 2) of benign and malignant."""


def pytorch_runtime(network: torch.nn.Module) -> Runtime:
    """Return the network as PyTorch runs it, in eval mode and without gradients."""

    def run(pairs: Pairs) -> NDArray[np.float32]:
        inputs = (pairs.image, pairs.clinical, pairs.interval_days)
        output = run_network(network, *(torch.from_numpy(array) for array in inputs))
        return np.asarray(output.logits.numpy(), dtype=np.float32)

    return run


def torchscript_runtime(path: str | Path) -> Runtime:
    """Return a TorchScript file as PyTorch runs it; the package's Python is not used."""
    return pytorch_runtime(torch.jit.load(str(path), map_location="cpu"))


def onnx_runtime(path: str | Path, threads: int = 1) -> Runtime:
    """Return an ONNX file as ONNX Runtime runs it on the CPU.

    Args:
        path: the file.
        threads: that one operator may use.

    Raises:
        BundleError: ONNX Runtime is not installed.
    """
    onnxruntime = import_extra("onnxruntime", "export")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pairs: Pairs) -> NDArray[np.float32]:
        inputs = {"image": pairs.image, "clinical": pairs.clinical, "interval_days": pairs.interval_days}
        return np.asarray(session.run(None, inputs)[0], dtype=np.float32)

    return run
