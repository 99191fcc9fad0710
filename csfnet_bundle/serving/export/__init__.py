"""The network in other formats, TorchScript and ONNX: written, checked against PyTorch, and timed."""

from csfnet_bundle.serving.export.examples import Pairs, example_pairs
from csfnet_bundle.serving.export.latency import measure_latency
from csfnet_bundle.serving.export.onnx_file import write_onnx
from csfnet_bundle.serving.export.parity import PARITY_PAIRS, PARITY_TOLERANCE, check_parity, largest_difference
from csfnet_bundle.serving.export.runtimes import Runtime, onnx_runtime, pytorch_runtime, torchscript_runtime
from csfnet_bundle.serving.export.torchscript import write_torchscript

__all__ = [
    "PARITY_PAIRS",
    "PARITY_TOLERANCE",
    "Pairs",
    "Runtime",
    "check_parity",
    "example_pairs",
    "largest_difference",
    "measure_latency",
    "onnx_runtime",
    "pytorch_runtime",
    "torchscript_runtime",
    "write_onnx",
    "write_torchscript",
]
