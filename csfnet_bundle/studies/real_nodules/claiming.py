"""A folder belongs to one training: what other settings made there is not taken for its result."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically

SETTINGS_NAME = "settings.sha256"


def claim(folder: Path, settings: object, made: tuple[str, ...]) -> None:
    """Take a folder for a training with these settings, or find that it is this training's already.

    Args:
        folder: of the training; it need not exist.
        settings: all that the result depends on, as plain values. The bundle's version counts too.
        made: names of what such a training leaves in its folder.

    Raises:
        BundleError: the folder holds a training with other settings, or one that did not note its settings.
    """
    text = json.dumps([settings, __version__], sort_keys=True)
    digest = sha256(text.encode()).hexdigest()
    path = folder / SETTINGS_NAME
    noted = path.read_text(encoding="utf-8").strip() if path.is_file() else None
    if noted == digest:
        return
    if noted is not None or any((folder / name).exists() for name in made):
        raise BundleError(
            "holds a training with other settings, other data or of another version",
            record=str(folder),
            remedy="Name another --out, or delete this folder.",
        )
    write_atomically(path, f"{digest}\n")
