"""Where the bundle lies: configs/ and models/, beside the package in a checkout, inside it where it is installed."""

from __future__ import annotations

from pathlib import Path

import csfnet_bundle
from csfnet_bundle.core.errors import BundleError

CONFIGS, MODELS = "configs", "models"
INSTALLED = "bundle"
"""The folder of the package into which the build copies both (setup.py)."""
A_CONFIG = f"{CONFIGS}/inference.json"
"""What every bundle has."""
PREPROCESSING = "preprocessing.json"
"""The config that other configs read (inputs/transforms/preprocessing.py); it is run by none."""
VARIANTS = "medst/variants.json"
"""The overrides that a study of the pre-training compares (studies/medst/variants.py); no config either."""


def bundle_root() -> Path:
    """Return the bundle's root: the folder that holds configs/ and models/ of this package.

    Raises:
        BundleError: the package lies somewhere without its bundle.
    """
    package = Path(csfnet_bundle.__file__).resolve().parent
    for root in (package / INSTALLED, package.parent):
        if is_bundle(root):
            return root
    raise BundleError(
        f"there are no configs beside the package in {package.parent}",
        remedy="Install the bundle from its checkout or archive with `pip install .`.",
    )


def is_bundle(folder: str | Path) -> bool:
    """Tell whether a folder is the root of a bundle: an unpacked archive, a checkout, MONAI Label's copy."""
    return Path(folder, A_CONFIG).is_file()


def bundle_of(folder: str | Path) -> Path:
    """Return the folder where it is a bundle, else this package's: a workflow may be started in any folder."""
    return Path(folder) if is_bundle(folder) else bundle_root()
