"""``label-app``: an app for MONAI Label that holds the bundle."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from shlex import quote

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.core.addresses import is_web_address
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_folder, require_new

CONFIG = "configs/monai_label.json"
APP_CONFIG = "configs/inference.json"
"""The one config that MONAI Label reads; in the app it is ``configs/monai_label.json`` with the folder of studies."""
MAIN = '''"""The app, as MONAI Label loads it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "model" / {name!r}))

from csfnet_bundle.serving.monai_label.app import FollowUpApp


class App(FollowUpApp):
    """Found by its base class."""
'''
SERVE = '''"""Start the server: python serve.py [options of `monailabel start_server`]."""

import sys
from pathlib import Path

APP = Path(__file__).resolve().parent
sys.path.insert(0, str(APP / "model" / {name!r}))

from csfnet_bundle.serving.monai_label.start import declare_missing_operators, start

declare_missing_operators()  # in the server's worker processes too, which load this file

if __name__ == "__main__":
    start(APP, {studies!r})
'''


def label_app(app: Path, studies: str, model: Path | None = None, heat_maps: bool = True) -> None:
    """Write an app that serves the bundle by MONAI Label: for viewers and for programs (docs/monai_label.md).

    Args:
        app: a new folder for the app.
        studies: the folder of scans, or the address of the DICOMweb service, that the app serves; requests reach
            nothing else.
        model: weights to serve; by default the bundle's models/model.pt, trained on phantoms. models/nodules/model.pt
            also answers without a prior.
        heat_maps: write the attention of each classification beside its scan, into a folder ``attention``.

    Examples:
        csfnet label-app --app label_app --studies STUDIES
        csfnet label-app --app label_app --studies http://127.0.0.1:8042/dicom-web --model output/training/model.pt
    """
    from csfnet_bundle.prediction.checkpoint import named_weights
    from csfnet_bundle.serving.archive import ARCHIVE_NAME, MODEL, write_archive

    remote = is_web_address(studies)
    if not remote and not Path(studies).is_dir():
        raise BundleError(
            f"{studies} is not a folder",
            record="--studies",
            remedy="Name the folder with the scans, or the address of a DICOMweb service.",
        )
    require_new(app, "--app")
    served = studies if remote else str(Path(studies).resolve())
    root = bundle_root()
    with atomic_folder(app) as partial, tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "bundle.zip"
        write_archive(archive, root, root / MODEL if model is None else named_weights(model))
        with zipfile.ZipFile(archive) as content:
            content.extractall(temporary)
        config = json.loads((root / CONFIG).read_text(encoding="utf-8"))
        # The app itself says where the server's images lie; this is for MONAI Label's stock app.
        config |= {"studies_dir": None if remote else served, "heat_maps": heat_maps}
        bundle = Path(temporary) / ARCHIVE_NAME
        (bundle / APP_CONFIG).write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
        (partial / "model").mkdir()
        shutil.move(bundle, partial / "model")
        for name, text in (("main.py", MAIN), ("serve.py", SERVE)):
            (partial / name).write_text(text.format(name=ARCHIVE_NAME, studies=served), encoding="utf-8")
    print(f"{app}: serves {served}")
    print("start, in MONAI Label's environment:")
    print(f"    python {quote(str(app / 'serve.py'))} --port 8000")
