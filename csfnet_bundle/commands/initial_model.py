"""``initial-model``: an untrained checkpoint, from which a federation starts."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import require_new


def initial_model(out: Path, configs: Words = ("train.json",), seed: int = 0) -> None:
    """Write random weights of a training config's network, with its architecture and ROI.

    Args:
        out: the checkpoint to write; must not exist.
        configs: names in configs/, e.g. train.json,cpu_demo.json for the narrow network of the demonstration.
        seed: of the weights.

    Examples:
        csfnet initial-model --out start.pt
        csfnet initial-model --out start.pt --configs train.json,cpu_demo.json --seed 3
    """
    from csfnet_bundle.prediction.weights_file import description_path
    from csfnet_bundle.training import federated

    path = out
    for file in (path, description_path(path)):
        require_new(file)
    files = [bundle_root() / CONFIGS / name for name in configs]
    for file in files:
        if not file.is_file():
            raise BundleError(f"there is no {file}", remedy="Name files of configs/ by --configs.")
    checkpoint = federated.initial_model(files, seed)
    checkpoint.save(path)
    count = sum(tensor.numel() for tensor in checkpoint.weights.values())
    print(f"{path}: {checkpoint.architecture['name']}, {count:,} numbers, untrained; ROI {checkpoint.roi.size}")
