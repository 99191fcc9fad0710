"""``config``: where the bundle's configs lie, for ``python -m monai.bundle run``."""

from __future__ import annotations

from csfnet_bundle.commands.bundle_run import CONFIGS, bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError


def config(names: Words) -> None:
    """Print the path of one of the bundle's configs, or of several as the list that --config_file takes.

    Args:
        names: names in configs/, with or without .json, separated by commas: inference, or train,evaluate.

    Examples:
        python -m monai.bundle run inference --config_file "$(csfnet config inference)" --dataset_dir cohort
        python -m monai.bundle run evaluating --config_file "$(csfnet config train,evaluate)" --dataset_dir cohort
    """
    folder = bundle_root() / CONFIGS
    known = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.json"))}
    for name in names:
        if name.removesuffix(".json") not in known:
            raise BundleError(f"there is no config {name!r}", remedy=f"Name one of {', '.join(known)}.")
    paths = [str(known[name.removesuffix(".json")]) for name in names]
    print(paths[0] if len(paths) == 1 else "[" + ",".join(f"'{path}'" for path in paths) + "]")
