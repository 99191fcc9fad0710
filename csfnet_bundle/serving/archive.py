"""The archive that ``monai.bundle`` and the Model Zoo take."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import csfnet_bundle
from csfnet_bundle.core.bundle_root import INSTALLED
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.serving.metadata import metadata_of

ARCHIVE_NAME = "lung_nodule_ct_followup_classification"
"""The archive's one folder, by which the bundle is loaded. It is not the package's name: a folder of that name in the
current directory would hide an installed package. MONAI Label reads the kind of task out of it."""

PACKAGE = "csfnet_bundle"
FOLDERS = {
    PACKAGE: (".py", ".json", ".html", ".css", ".typed"),
    "configs": (".json", ".conf"),
    "docs": (".md", ".txt", ".png", ".svg", ".json", ".csv"),
    "scripts": (".py", ".sh"),
}
"""What is packed of each folder, by ending: what lies there by chance stays behind."""

FILES = (
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "models/measure.ts",
    "models/measure.json",
    "models/nodules/model.pt",
    "models/nodules/model.json",
)
REQUIRED = ("LICENSE", "docs/README.md", "configs/metadata.json", "configs/train.json", "configs/inference.json")
METADATA = "configs/metadata.json"
MODEL = "models/model.pt"
DESCRIPTION = "models/model.json"

EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP file can name; the same for every file, so that the same content gives the same bytes."""
PLAIN_FILE = 0o100644 << 16
"""Mode of every file in the archive: a regular file that everybody may read."""


def write_archive(path: Path, root: Path, model: Path) -> list[str]:
    """Write the archive of the bundle in ``root`` with the weights ``model``; return the names of its files.

    Raises:
        BundleError: a part of the bundle is missing, or the weights are none.
    """
    checkpoint = load_checkpoint(model)
    for name in REQUIRED:
        if not (root / name).is_file():
            raise BundleError(f"there is no {name} in {root}", remedy="Install the bundle again.")
    content = dict(_content(root))
    content[MODEL], content[DESCRIPTION] = checkpoint.to_bytes()
    shipped = root / MODEL
    if not shipped.is_file() or shipped.read_bytes() != content[MODEL]:
        content[METADATA] = metadata_of(content[METADATA], checkpoint)
    stream = io.BytesIO()
    # Not compressed: the weights do not shrink, and what a compressor writes changes with its version.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(f"{ARCHIVE_NAME}/{name}", EARLIEST_TIME)
            entry.external_attr = PLAIN_FILE
            entry.create_system = 3  # Unix, whatever this machine is
            archive.writestr(entry, content[name])
    write_atomically(path, stream.getvalue())
    return sorted(content)


def _content(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a bundle by their names in the archive; the package's are those of the running one.

    Where it is installed, the bundle lies in a folder of the package.
    """
    yield from ((name, (root / name).read_bytes()) for name in FILES if (root / name).is_file())
    package = Path(csfnet_bundle.__file__).parent
    for folder, endings in FOLDERS.items():
        place = package if folder == PACKAGE else root / folder
        for file in place.rglob("*"):
            relative = file.relative_to(place)
            hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
            bundled = folder == PACKAGE and relative.parts[0] == INSTALLED
            if file.is_file() and file.suffix in endings and not hidden and not bundled:
                yield f"{folder}/{relative.as_posix()}", file.read_bytes()
