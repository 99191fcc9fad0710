"""``export``: the network as TorchScript and ONNX, checked before it is kept."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.core.files import atomic_path

ENDINGS = {"torchscript": ".ts", "onnx": ".onnx"}


def export(out: Path, model: Path | None = None, formats: Words = tuple(ENDINGS)) -> None:
    """Write the network as TorchScript and as ONNX, for programs without this package or without PyTorch.

    A file is kept only if its logits agree with PyTorch's within 1e-4 on 32 pairs, in one batch and one by one.

    Args:
        out: folder; gets model.ts and model.onnx.
        model: the checkpoint; by default the bundle's models/model.pt.
        formats: torchscript, onnx, or both.

    Examples:
        csfnet export --out output/export
        csfnet export --model output/training/model.pt --formats onnx --out output/export
    """
    from csfnet_bundle.prediction.checkpoint import MODEL_NAME, load_checkpoint
    from csfnet_bundle.serving import export as exporting

    if not set(formats) <= set(ENDINGS):
        raise BundleError(
            f"--formats is {','.join(formats)!r}, expected {' and/or '.join(ENDINGS)}, separated by a comma"
        )
    if "onnx" in formats:
        require_extra("export", "onnx", "onnxscript", "onnxruntime")
    root = bundle_root()
    checkpoint = load_checkpoint(root / "models" / MODEL_NAME if model is None else model)
    pairs = exporting.example_pairs(exporting.PARITY_PAIRS, checkpoint.roi.size, checkpoint.code_book.sizes)
    reference = exporting.pytorch_runtime(checkpoint.create_network())
    for name in formats:
        path = (out / MODEL_NAME).with_suffix(ENDINGS[name])
        with atomic_path(path) as temporary:
            if name == "onnx":
                exporting.write_onnx(temporary, checkpoint)
                exported = exporting.onnx_runtime(temporary)
            else:
                exporting.write_torchscript(temporary, checkpoint, root / CONFIGS)
                exported = exporting.torchscript_runtime(temporary)
            difference = exporting.check_parity(reference, exported, pairs, name)
        megabytes = path.stat().st_size / 1e6
        print(f"{path}: {megabytes:.1f} MB, at most {difference:.0e} from PyTorch in a logit over {len(pairs)} pairs")
