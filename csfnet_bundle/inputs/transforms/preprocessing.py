"""The transforms of configs/preprocessing.json, which training, evaluation, inference and MONAI Label share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from monai.bundle import ConfigParser
from monai.transforms import Transform

from csfnet_bundle.core.bundle_root import CONFIGS, PREPROCESSING, bundle_of
from csfnet_bundle.core.errors import BundleError


def preprocessing(
    bundle_root: str | Path, part: Literal["inputs", "batch_items"] = "batch_items", **values: Any
) -> list[Transform]:
    """Return the transforms that turn a datalist record into the network's inputs.

    Args:
        bundle_root: the bundle with the config; where it is no bundle, that of this package.
        part: ``inputs`` keeps whatever else the record holds; ``batch_items`` drops what cannot become a batch.
        values: of the config's other keys, in place of those in the file: ``roi``, ``code_book``, ``cache_dir``, ...

    Raises:
        BundleError: the bundle has no such config, or the config no such key.
    """
    path = bundle_of(bundle_root) / CONFIGS / PREPROCESSING
    if not path.is_file():
        raise BundleError(f"there is no {PREPROCESSING} in {path.parent}", remedy="Install the bundle again.")
    config: dict[str, Any] = ConfigParser.load_config_file(path)
    unknown = [name for name in values if name not in config]
    if unknown:
        raise BundleError(f"it has no key {unknown[0]!r}", record=str(path), remedy=f"It has {', '.join(config)}.")
    return list(ConfigParser({**config, **values}).get_parsed_content(part))
