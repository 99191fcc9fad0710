"""The network as ONNX: three inputs, any number of pairs."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch

from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.serving.export.description import DESCRIPTION_NAME, description
from csfnet_bundle.serving.export.examples import example_pairs

INPUTS = ("image", "clinical", "interval_days")
OUTPUT = "pred"
"""As configs/metadata.json calls it."""
TRACED_PAIRS = 2
"""Pairs in the batch that is traced: one alone would be taken for a constant."""


def write_onnx(path: Path, checkpoint: ModelCheckpoint) -> None:
    """Write the checkpoint's network as ONNX.

    Inputs: ``image`` (B, 2, D, H, W) float32 in [0, 1]; ``clinical`` (B, V) int64, token 0 where missing;
    ``interval_days`` (B,) float32, NaN where missing. Output: ``pred`` (B, 2), logits of benign and malignant. A
    missing input is given as such, since ONNX has no None. A token that its variable does not have counts as unknown.
    The file's metadata hold architecture, ROI, code book, temperature and threshold as JSON under ``csfnet_bundle``.

    Args:
        path: ends with ``.onnx``.
        checkpoint: the weights.

    Raises:
        BundleError: the exporter is not installed.
    """
    onnx = import_extra("onnx", "export")
    import_extra("onnxscript", "export")
    pairs = example_pairs(TRACED_PAIRS, checkpoint.roi.size, checkpoint.code_book.sizes)
    batch = torch.export.Dim("batch", min=1)
    # The exporter warns of operators of torchvision, which no network here uses.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*LeafSpec", FutureWarning)  # torch about its own code
        warnings.filterwarnings("ignore", "# The axis name", UserWarning)  # the inputs share one batch size: so it is
        program = torch.onnx.export(
            checkpoint.create_network().eval(),
            tuple(torch.from_numpy(getattr(pairs, name)) for name in INPUTS),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes={name: {0: batch} for name in INPUTS},
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto  # type: ignore[union-attr]  # None is for the exporter before this one
    entry = model.metadata_props.add()
    entry.key, entry.value = DESCRIPTION_NAME, description(checkpoint)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
