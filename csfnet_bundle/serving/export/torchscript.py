"""The network as TorchScript, with the bundle's metadata and configs inside, as ``ckpt_export`` writes it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from monai.data import save_net_with_metadata
from monai.networks import convert_to_torchscript

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.serving.export.description import DESCRIPTION_NAME, description

CONFIGS = ("inference.json",)


def write_torchscript(path: Path, checkpoint: ModelCheckpoint, configs: Path) -> None:
    """Write the checkpoint's network as TorchScript.

    It loads with ``torch.jit.load`` and, with its metadata, with ``monai.data.load_net_with_metadata``; neither needs
    this package. ``forward`` and ``attention_map`` take None for a missing input as the network does.

    Args:
        path: ends with ``.ts``.
        checkpoint: the weights.
        configs: the bundle's folder of configs.
    """
    with warnings.catch_warnings():
        # TorchScript is what MONAI's bundles deploy, deprecated or not.
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        script = convert_to_torchscript(checkpoint.create_network().eval(), use_trace=False)
    extra = {name: (configs / name).read_bytes() for name in CONFIGS}
    extra[f"{DESCRIPTION_NAME}.json"] = description(checkpoint).encode()
    save_net_with_metadata(
        script,
        str(path),
        include_config_vals=False,
        append_timestamp=False,
        meta_values=json.loads((configs / "metadata.json").read_text(encoding="utf-8")),
        more_extra_files=extra,
    )
