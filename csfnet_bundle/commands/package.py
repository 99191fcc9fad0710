"""``package``: the archive that ``monai.bundle`` and the Model Zoo take."""

from __future__ import annotations

import hashlib
from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.errors import BundleError


def package(out: Path, model: Path | None = None) -> None:
    """Pack the bundle as one ZIP file: configs, weights, documents, licence and the package that the configs name.

    The same content gives the same bytes, so that two archives can be compared by their SHA-256, which is printed.

    Args:
        out: the archive to write, ending with .zip; replaced in one step.
        model: weights to pack as models/model.pt; by default the bundle's own. The metadata's shape of the input
            follows them.

    Examples:
        csfnet package --out dist/bundle.zip
        csfnet package --out dist/bundle.zip --model output/training/model.pt
    """
    from csfnet_bundle.serving.archive import ARCHIVE_NAME, MODEL, write_archive

    if out.suffix != ".zip":
        raise BundleError(f"--out is {str(out)!r}, expected a name that ends with .zip")
    root = bundle_root()
    content = write_archive(out, root, root / MODEL if model is None else model)
    print(f"{out}: {len(content)} files in {ARCHIVE_NAME}/, {out.stat().st_size / 1e6:.1f} MB")
    print(f"sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")
