"""The point model inside MONAI Label, without a port: ``python scripts/try_label_app.py [PAGE]``.

Run it in MONAI Label's environment (scripts/try_monai_label.sh makes one), from the repository's root. It makes two
small scans with a nodule and an app for them, loads the app as MONAI Label's server does, and sends it what 3D Slicer
and OHIF send (tests/helpers/viewer_requests.py), and wrong requests, by FastAPI's test client. The table of the answers
is written between the marks of PAGE (docs/monai_label.md). scripts/try_monai_label.sh tries the whole server, on
loopback.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from helpers.small_cohort import _write_scan  # noqa: E402
from helpers.viewer_requests import ohif, slicer  # noqa: E402

from csfnet_bundle.commands.label_app import APP_CONFIG, CONFIG, MAIN  # noqa: E402
from csfnet_bundle.serving.archive import ARCHIVE_NAME, MODEL, write_archive  # noqa: E402
from csfnet_bundle.serving.monai_label.start import declare_missing_operators  # noqa: E402

POINT_MODEL = "lung_nodule_ct_followup_point"
TABLE = re.compile(r"(<!-- viewers -->\n).*?(<!-- end of viewers -->)", re.DOTALL)


def make_app(folder: Path) -> Path:
    """Make what ``csfnet label-app`` makes, whose command line this environment lacks; return its folder."""
    app = folder / "app"
    write_archive(folder / "bundle.zip", ROOT, ROOT / MODEL)
    with zipfile.ZipFile(folder / "bundle.zip") as content:
        content.extractall(app / "model")
    bundle = app / "model" / ARCHIVE_NAME
    shutil.copyfile(ROOT / CONFIG, bundle / APP_CONFIG)
    (app / "main.py").write_text(MAIN.format(name=ARCHIVE_NAME), encoding="utf-8")
    return app


def told(answer: Any) -> str:
    """Return what an answer holds, in words."""
    kind = answer.headers["content-type"].split(";")[0]
    if kind == "multipart/form-data":
        found = re.search(rb'"description": "([^"]+)"', answer.content)
        return f"label and params: {found[1].decode() if found else 'no description'}"
    if kind == "application/json":
        return str(answer.json().get("detail") or f"params: {', '.join(answer.json())}")
    return f"{kind}, {len(answer.content)} bytes" if answer.status_code == 200 else answer.text


def try_app(folder: Path) -> list[str]:
    """Return the lines of the page."""
    studies = folder / "studies"
    studies.mkdir()
    random = np.random.default_rng(0)
    points = {
        name: list(_write_scan(studies, f"{name}.nii", radius, random).known_point.coordinates)
        for name, radius in (("t0", 4.0), ("t1", 8.0))
    }
    app = make_app(folder)
    declare_missing_operators()
    from fastapi.testclient import TestClient
    from monailabel.app import app as server
    from monailabel.config import settings

    settings.MONAI_LABEL_APP_DIR, settings.MONAI_LABEL_STUDIES = str(app), str(studies)
    options = {"t0": "t0", "point0": ",".join(map(str, points["t0"])), "clinical": "age=61", "interval_days": "365"}
    click = points["t1"]
    requests = (
        ("a click of 3D Slicer", "image=t1", slicer([click], options)),
        ("a click of OHIF", "image=t1&output=image", ohif([click], options)),
        ("a click by curl, `output=json`", "image=t1&output=json", {"foreground": [click], **options}),
        ("no click", "image=t1", slicer([], options)),
        ("a click without a prior", "image=t1", ohif([click])),
        ("an image that is not there", "image=nowhere", ohif([click], options)),
        ("params that are no JSON", "image=t1", None),
    )
    lines = ["| sent | status | processor seconds | answer |", "|---|---|---|---|"]
    with TestClient(server, raise_server_exceptions=False) as client:
        listed = {name: model["type"] for name, model in client.get("/info/").json()["models"].items()}
        for what, query, sent in requests:
            begin = time.process_time()
            form = {"params": "{" if sent is None else json.dumps(sent)}
            answer = client.post(f"/infer/{POINT_MODEL}?{query}", data=form)
            seconds = time.process_time() - begin
            lines.append(f"| {what} | {answer.status_code} | {seconds:.1f} | {told(answer)} |")
            print(lines[-1], flush=True)
    return ["`/info/` lists " + ", ".join(f"`{name}` ({kind})" for name, kind in listed.items()) + ".", "", *lines]


def main(page: Path | None) -> None:
    """Try the app in a temporary folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        lines = try_app(Path(temporary))
    if page is not None:
        body = "\n".join(lines)
        text = page.read_text(encoding="utf-8")
        page.write_text(TABLE.sub(lambda match: f"{match[1]}\n{body}\n\n{match[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
