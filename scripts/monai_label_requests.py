"""Send requests to a MONAI Label server, check the answers and write them into docs/monai_label.md.

A part of scripts/try_monai_label.sh, which starts the server: ``python scripts/monai_label_requests.py URL WORK PAGE``.
WORK holds what that script made: the studies, ``request.json``, the output of ``run inference`` and the versions.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd

SAME_PROBABILITY = 1e-5
"""Largest difference from ``run inference``. The same float32 network on the same voxels, resampled by two versions of
NumPy and SciPy; NIfTI holds the affine in float32, DICOM in decimals."""
SAME_HEAT_MAP = 1e-3
"""Largest difference of the heat map, in even shares (1 is the average cell)."""
TRANSCRIPT = re.compile(r"(<!-- transcript -->\n).*?(<!-- end of transcript -->)", re.DOTALL)


def main(url: str, work: Path, page: Path) -> None:
    """Send all requests; nothing is written if one is answered otherwise than expected."""
    params = json.loads((work / "request.json").read_text(encoding="utf-8"))
    expected = pd.read_csv(work / "out" / "predictions.csv").set_index("subject")["probability"]
    points = {name: params[name] for name in ("point0", "point1", "space")}
    sparse = {"t0": params["t0"], **points}
    versions = (work / "versions").read_text(encoding="utf-8").strip()
    lines = [f"The server's environment: {versions}.", "", "The whole pair as NIfTI, from `t1.nii.gz`:", ""]
    lines += exchange(url, "t1", params, expected["whole"])
    heat_map = work / "studies" / "attention" / "t1_1_attention.nii.gz"
    lines += [same_heat_map(heat_map, work / "out" / "whole_1_attention.nii.gz"), ""]
    lines += ["The same pair as DICOM, folders `t0` and `t1` of the studies:", ""]
    lines += exchange(url, str(work / "studies" / "t1"), {**params, "t0": "t0"}, expected["whole"], shown="STUDIES/t1")
    lines += ["No clinical values and no interval:", "", *exchange(url, "t1", sparse, expected["sparse"])]
    lines += ["What cannot be answered:", ""]
    for change, status, words in (
        ({"t0": None, "point0": None}, 422, "NO_PRIOR"),
        ({"point1": [0, 0, 9999]}, 422, "POINT_OUTSIDE"),
        ({"t0": "../../etc/passwd"}, 404, "the studies hold no scan"),
        ({"clinicl": {"age": 63}}, 400, "there is no param"),
        ({"clinical": {"age": 640}}, 400, "age = 640"),
    ):
        sent = {name: value for name, value in {**sparse, **change}.items() if value is not None}
        lines += refused(url, sent, status, words)
    text = page.read_text(encoding="utf-8")
    body = "\n".join(lines).replace(str(work / "studies"), "STUDIES")
    page.write_text(TRANSCRIPT.sub(lambda match: f"{match[1]}\n{body}\n{match[2]}", text), encoding="utf-8")
    print(body)


def exchange(url: str, image: str, params: dict[str, Any], expected: float, shown: str = "") -> list[str]:
    """Send a request; return the command, the answer and how far it is from ``run inference``."""
    status, answer = send(url, image, params)
    if status != 200:
        raise SystemExit(f"status {status}: {answer}")
    malignant = next(item["score"] for item in answer["prediction"] if item["label"] == "malignant")
    difference = abs(malignant - expected)
    if not difference < SAME_PROBABILITY:
        raise SystemExit(f"probability {malignant}, but run inference says {expected}")
    scores = ", ".join(f"{item['label']} {item['score']:.6f}" for item in answer["prediction"])
    return [
        *_command(shown or image, params),
        json.dumps({"prediction": answer["prediction"]}),
        "```",
        "",
        f"{scores}; `run inference` says {expected:.6f}, the difference is below {SAME_PROBABILITY:g}.",
        "",
    ]


def refused(url: str, params: dict[str, Any], status: int, words: str) -> list[str]:
    """Send a request that must be refused with that status and words."""
    found, answer = send(url, "t1", params)
    if found != status or words not in str(answer.get("detail")):
        raise SystemExit(f"expected {status} with {words!r}, got {found}: {answer}")
    return [*_command("t1", params), f"{found} {json.dumps(answer)}", "```", ""]


def send(url: str, image: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Post the request by curl, as the page shows it; return the status and the answer."""
    form = f"params={json.dumps(params)}"
    words = ["curl", "--silent", "--write-out", "\n%{http_code}", "--form-string", form]
    done = subprocess.run([*words, f"{url}?image={image}&output=json"], check=True, capture_output=True, text=True)
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer)


def same_heat_map(served: Path, direct: Path) -> str:
    """Return a sentence on the heat map; fails if it is not that of ``run inference``."""
    here, there = nib.load(served), nib.load(direct)
    difference = float(np.abs(here.get_fdata() - there.get_fdata()).max())
    if here.shape != there.shape or not np.array_equal(here.affine, there.affine) or not difference < SAME_HEAT_MAP:
        raise SystemExit(f"the heat map {served} differs from {direct} by {difference}")
    size = " × ".join(map(str, here.shape))
    name = f"STUDIES/{served.parent.name}/{served.name}"
    return f"`{name}`: {size} voxels, {difference:.1e} at most from that of `run inference`."


def _command(image: str, params: dict[str, Any]) -> list[str]:
    query = f'"$SERVER/infer/lung_nodule_ct_followup_classification?image={image}&output=json"'
    return ["```console", f"$ curl {query} \\", f"    --form-string 'params={json.dumps(params)}'"]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
