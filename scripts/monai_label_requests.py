"""Send requests to a MONAI Label server, check the answers and write them into docs/monai_label.md.

A part of scripts/try_monai_label.sh, which starts the server: ``python scripts/monai_label_requests.py URL WORK PAGE
SERVER``. WORK holds what that script made: the studies, ``request.json``, the output of ``run inference``, the server's
log and the versions. SERVER is the process that watches the server's workers.
"""

from __future__ import annotations

import email
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import requests
import SimpleITK

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from helpers.viewer_requests import ohif, slicer  # noqa: E402 - what the tests send

from csfnet_bundle.serving.monai_label.click import OPTIONS  # noqa: E402

POINT_MODEL = "lung_nodule_ct_followup_point"
CONCURRENT = 20

SAME_PROBABILITY = 1e-5
"""Largest difference from ``run inference``. The same float32 network on the same voxels, resampled by two versions of
NumPy and SciPy; NIfTI holds the affine in float32, DICOM in decimals."""
SAME_HEAT_MAP = 1e-3
"""Largest difference of the heat map, in even shares (1 is the average cell)."""
TRANSCRIPT = re.compile(r"(<!-- transcript -->\n).*?(<!-- end of transcript -->)", re.DOTALL)


def main(url: str, work: Path, page: Path, server: int) -> None:
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
    lines += viewers(url.rsplit("/", 1)[0], work, params)
    lines += load(url.rsplit("/", 1)[0], work, params, server)
    lines += log(work, params)
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


def viewers(url: str, work: Path, params: dict[str, Any]) -> list[str]:
    """Say what viewers list, and replay their clicks; the outline has to hold the click."""
    info = json.loads((work / "info.json").read_text(encoding="utf-8"))
    lines = ["What `/info/` lists, and what viewers make of it:", "", "| model | type | labels | options |"]
    lines.append("|---|---|---|---|")
    for name, model in info["models"].items():
        options = ", ".join(name for name in model["config"] if name in OPTIONS)
        lines.append(f"| `{name}` | {model['type']} | {', '.join(model['labels'])} | {options} |")
    scan = nib.load(work / "studies" / "t1.nii.gz")
    click, point0 = voxel(scan, params["point1"]), voxel(nib.load(work / "studies" / "t0.nii.gz"), params["point0"])
    options = {"t0": params["t0"], "point0": ",".join(map(str, point0)), "clinical": "age=63", "interval_days": "365"}
    for viewer, query, sent in (
        ("3D Slicer", "", slicer([click], options)),
        ("OHIF", "&output=image", ohif([click], options)),
    ):
        started = time.perf_counter()
        answer = requests.post(f"{url}/{POINT_MODEL}?image=t1{query}", data={"params": json.dumps(sent)}, timeout=600)
        seconds = time.perf_counter() - started
        if answer.status_code != 200:
            raise SystemExit(f"{viewer}: status {answer.status_code}: {answer.text[:300]}")
        label, told = parts(answer)
        file = work / f"label{'.nrrd' if query else '.nii.gz'}"
        file.write_bytes(label)
        mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file))).transpose() > 0
        if mask.shape != scan.shape or not mask[tuple(click)]:
            raise SystemExit(f"{viewer}: the outline {mask.shape} does not hold the click {click}")
        lines += ["", f"A click at {click} as {viewer} sends it:", "", "```console"]
        lines.append(f"$ POST /infer/{POINT_MODEL}?image=t1{query}  params={json.dumps(sent)}")
        kind = "NRRD" if query else "NIfTI"
        lines.append(
            f"200, {seconds:.1f} s: {kind}, {' x '.join(map(str, mask.shape))}, {int(mask.sum())} voxels of the nodule"
        )
        if told is not None:
            lines.append(f"description: {told['description']}")
            lines.append(f"probability {told['probability']:.6f}, band {told['band'][0]:.6f} to {told['band'][1]:.6f}")
            lines.append(f"params: {', '.join(told)}")
        lines.append("```")
    return [*lines, ""]


def voxel(scan: Any, point_lps: list[float]) -> list[int]:
    """Return the voxel at a point in LPS mm, as a viewer rounds it."""
    index = np.linalg.inv(scan.affine) @ [-point_lps[0], -point_lps[1], point_lps[2], 1]
    return [round(float(value)) for value in index[:3]]


def parts(answer: Any) -> tuple[bytes, dict[str, Any] | None]:
    """Return the label and the params of an answer; OHIF's has the label alone."""
    if not answer.headers["content-type"].startswith("multipart"):
        return answer.content, None
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    found = list(email.message_from_bytes(head + answer.content).walk())[1:]
    label = next(part for part in found if part.get_filename())
    told = next(part for part in found if part is not label)
    return bytes(label.get_payload(decode=True)), json.loads(bytes(told.get_payload(decode=True)))


def load(url: str, work: Path, params: dict[str, Any], server: int) -> list[str]:
    """Send many clicks at once, kill a worker among them, and send again; return the table."""
    click = voxel(nib.load(work / "studies" / "t1.nii.gz"), params["point1"])
    point0 = ",".join(map(str, voxel(nib.load(work / "studies" / "t0.nii.gz"), params["point0"])))
    sent = ohif([click], {"t0": params["t0"], "point0": point0})

    def ask(_: int) -> str:
        try:
            answer = requests.post(
                f"{url}/{POINT_MODEL}?image=t1&output=image", data={"params": json.dumps(sent)}, timeout=3600
            )
        except requests.exceptions.RequestException:
            return "broken off"
        return str(answer.status_code)

    lines = ["Load and faults, with two workers:", "", "| sent | answers | seconds |", "|---|---|---|"]
    for number, kill in ((CONCURRENT, False), (4, True), (2, False)):
        started = time.perf_counter()
        with ThreadPoolExecutor(number) as pool:
            answers = [pool.submit(ask, index) for index in range(number)]
            if kill:
                time.sleep(2)
                os.kill(workers(server)[0], signal.SIGKILL)
            told = Counter(future.result() for future in answers)
        what = f"{number} clicks at once" + (", a worker killed meanwhile" if kill else "")
        lines.append(
            f"| {what} | {', '.join(f'{count} x {status}' for status, count in sorted(told.items()))} | "
            f"{time.perf_counter() - started:.0f} |"
        )
        print(lines[-1], flush=True)
        if not kill and set(told) != {"200"}:
            raise SystemExit(f"{number} clicks at once: {dict(told)}")
    return [*lines, ""]


def workers(server: int) -> list[int]:
    """Return the processes of a server's workers; its resource tracker is none."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def log(work: Path, params: dict[str, Any]) -> list[str]:
    """Check that the server's log has no image, no place and no clinical value of what was sent."""
    told = (work / "server.log").read_text(encoding="utf-8")
    places = [f"{value}" for value in (*params["point0"], *params["point1"])]
    found = [text for text in (*places, "t1.nii", "t0.nii", "clinical", "cigsmok") if text in told]
    if found or "a click answered" not in told:
        raise SystemExit(f"the log holds {found}")
    count = len(told.splitlines())
    return [f"The server's log of all this: {count} lines, none with an image, a place or a clinical value.", ""]


def _command(image: str, params: dict[str, Any]) -> list[str]:
    query = f'"$SERVER/infer/lung_nodule_ct_followup_classification?image={image}&output=json"'
    return ["```console", f"$ curl {query} \\", f"    --form-string 'params={json.dumps(params)}'"]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
