"""Follow-up in a PACS, tried for real: ``python scripts/try_pacs.py SERIES X,Y,Z``.

SERIES is a folder of a chest CT with DICOM files, X,Y,Z a nodule's centre in it (LPS mm). A later study of the patient
is simulated, both studies go into an Orthanc on loopback (Debian: orthanc, orthanc-dicomweb), and `csfnet follow-up`
runs twice with --store. What it prints is printed, then what Orthanc lists in the study and how it shows it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from urllib.error import HTTPError

from pydicom import dcmread
from pydicom.misc import is_dicom

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from helpers.orthanc import Orthanc, running_orthanc  # noqa: E402 - the tests' server

from csfnet_bundle.commands import main  # noqa: E402

DAYS, DOUBLING_DAYS = 365, 250


def run(words: list[str], shown: list[str]) -> None:
    """Run a command of the bundle, printing it and what it says, without this machine's folders and ports."""
    print("$ csfnet " + " ".join(shown))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = main(words)
    text = re.sub(r"127\.0\.0\.1:\d+", "PACS", told.getvalue())
    print(re.sub(r"report: .*/(\w+)/", r"report: \1/", text), end="")
    if status:
        raise SystemExit(status)


def listed(server: Orthanc, study: str) -> None:
    """Print the series of a study beside the CT, and the status of each one's rendered picture."""
    answer = json.loads(server.request(f"/dicom-web/studies/{study}/series", accept="application/dicom+json")[1])
    for series in sorted(answer, key=lambda item: item["00200011"]["Value"][0] if "Value" in item["00200011"] else 0):
        uid, modality = series["0020000E"]["Value"][0], series["00080060"]["Value"][0]
        if modality == "CT":
            continue
        try:
            status, _ = server.request(f"/dicom-web/studies/{study}/series/{uid}/rendered", accept="image/jpeg")
        except HTTPError as error:
            status = error.code
        description = series.get("0008103E", {}).get("Value", [""])[0]
        print(f"{modality:4}{description}: rendered {status}")


def try_pacs(series: Path, point: str) -> None:
    """Simulate the later study, store both, predict twice, list."""
    os.environ.setdefault("CSFNET_SITE_SALT", "example")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        simulated = folder / "simulated"
        with contextlib.redirect_stdout(io.StringIO()):
            words = ["simulate-followup", str(series), f"--point={point}", "--space=LPS", f"--out={simulated}"]
            if main([*words, f"--interval_days={DAYS}", f"--doubling_time_days={DOUBLING_DAYS}"]):
                raise SystemExit("the later study was not made")
        (record,) = json.loads((simulated / "datalist.json").read_text())["inference"]
        point1 = ",".join(f"{value:.1f}" for value in record["t1"]["point"])
        study = str(dcmread(next((simulated / "ct").iterdir()), stop_before_pixels=True).StudyInstanceUID)
        with running_orthanc(folder) as server:
            for path in sorted([*series.rglob("*"), *(simulated / "ct").iterdir()]):
                if path.is_file() and is_dicom(path):
                    server.store(path)
            common = ["follow-up", f"--study={study}", f"--point1={point1}", "--describes=.*", "--store"]
            shown = ["follow-up", "--pacs http://PACS/dicom-web", "--study UID", *common[2:]]
            for out in ("first", "second"):
                run([*common, f"--pacs={server.dicom_web}", f"--out={folder / out}"], [*shown, f"--out {out}"])
            listed(server, study)


if __name__ == "__main__":
    try_pacs(Path(sys.argv[1]), sys.argv[2])
