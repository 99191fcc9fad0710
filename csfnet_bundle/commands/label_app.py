"""``label-app``: the bundle inside MONAI Label's stock ``monaibundle`` app."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from shlex import quote

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder

CONFIG = "configs/monai_label.json"
APP_CONFIG = "configs/inference.json"
"""The one config that MONAI Label reads; in the app it is ``configs/monai_label.json`` with the folder of studies."""


def label_app(app: Path, studies: Path, model: Path | None = None, heat_maps: bool = True) -> None:
    """Put the bundle into MONAI Label's app ``monaibundle``, to serve the scans of one folder (docs/monai_label.md).

    Args:
        app: the stock app, as ``monailabel apps --download --name monaibundle --output DIR`` makes it.
        studies: the folder of scans that the server will be given by ``--studies``; requests reach nothing else.
        model: weights to serve; by default the bundle's own, trained on phantoms.
        heat_maps: write the attention of each answered request beside its scan, into a folder ``attention``.

    Examples:
        csfnet label-app --app monaibundle --studies STUDIES
        csfnet label-app --app monaibundle --studies STUDIES --model output/training/model.pt --noheat_maps
    """
    from csfnet_bundle.serving.archive import ARCHIVE_NAME, MODEL, write_archive

    folder, scans = app, studies
    if not (folder / "main.py").is_file():
        raise BundleError(
            f"there is no app in {folder}",
            remedy="Make it by `monailabel apps --download --name monaibundle --output DIR`.",
        )
    if not scans.is_dir():
        raise BundleError(f"{scans} is not a folder", record="--studies", remedy="Name the folder with the scans.")
    target = folder / "model" / ARCHIVE_NAME
    if target.exists():
        raise BundleError(f"{target} exists already", remedy="Remove it, then run this again.")
    root = bundle_root()
    with atomic_folder(target) as partial, tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "bundle.zip"
        write_archive(archive, root, root / MODEL if model is None else model)
        with zipfile.ZipFile(archive) as content:
            content.extractall(temporary)
        config = json.loads((root / CONFIG).read_text(encoding="utf-8"))
        config |= {"studies_dir": str(scans.resolve()), "heat_maps": heat_maps}
        bundle = Path(temporary) / ARCHIVE_NAME
        (bundle / APP_CONFIG).write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
        for part in bundle.iterdir():
            shutil.move(part, partial / part.name)
    print(f"{target}: serves the scans in {scans.resolve()}")
    places = f"--app {quote(str(folder))} --studies {quote(str(scans))}"
    print(f"start: monailabel start_server {places} --host 127.0.0.1 \\")
    print(f"    --conf models {ARCHIVE_NAME} --conf skip_trainers true --conf sam2 false --conf zoo_source local")
