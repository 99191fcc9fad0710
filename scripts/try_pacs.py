"""Follow-up in a PACS, tried for real: ``python scripts/try_pacs.py SERIES X,Y,Z [PAGE]``.

SERIES is a folder of a chest CT with DICOM files, X,Y,Z a nodule's centre in it (LPS mm). A later study of the patient
is simulated, both studies go into an Orthanc on loopback (Debian: orthanc, orthanc-dicomweb), and `csfnet follow-up`
runs twice with --store. What it prints, the bytes, what Orthanc lists in the study and how it shows it are written
between the transcript's marks of PAGE (docs/pacs.md); the page stays as it was if a run fails.
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
TRANSCRIPT = re.compile(r"(<!-- transcript -->\n).*?(<!-- end of transcript -->)", re.DOTALL)
FETCHED = re.compile(r"^  (?P<what>.+): (?:(?P<count>\d+ of \d+) instances, )?(?P<size>[\d.]+) MB$", re.MULTILINE)
STORED = re.compile(r"^stored: (\d+) objects; there already: (\d+)$", re.MULTILINE)


def run(words: list[str], shown: list[str]) -> str:
    """Run a command of the bundle; return it and what it says, without this machine's folders and ports."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = main(words)
    if status:
        raise SystemExit(status)
    text = re.sub(r"127\.0\.0\.1:\d+", "PACS", told.getvalue())
    return "$ csfnet " + " ".join(shown) + "\n" + re.sub(r"report: .*/(\w+)/", r"report: \1/", text)


def bytes_table(told: str, scans: int) -> list[str]:
    """Return the table of what a run fetched, beside the bytes of both scans."""
    found = [(item["what"], item["count"] or "", float(item["size"])) for item in FETCHED.finditer(told)]
    total, whole = sum(size for *_, size in found), scans / 1e6
    return [
        "| fetched | instances | MB |",
        "|---|---|---|",
        *(f"| {what} | {count} | {size:.1f} |" for what, count, size in found),
        f"| in all | | {total:.1f} of {whole:.1f} that both scans hold ({total / whole:.0%}) |",
    ]


def listed(server: Orthanc, study: str) -> list[str]:
    """Return a table of the series of a study beside the CT, with the status of each one's rendered picture."""
    answer = json.loads(server.request(f"/dicom-web/studies/{study}/series", accept="application/dicom+json")[1])
    lines = ["| series | `/rendered` |", "|---|---|"]
    for series in sorted(answer, key=lambda item: item["00200011"]["Value"][0] if "Value" in item["00200011"] else 0):
        uid, modality = series["0020000E"]["Value"][0], series["00080060"]["Value"][0]
        if modality == "CT":
            continue
        try:
            status, _ = server.request(f"/dicom-web/studies/{study}/series/{uid}/rendered", accept="image/jpeg")
        except HTTPError as error:
            status = error.code
        description = series.get("0008103E", {}).get("Value", [""])[0]
        lines.append(f"| {modality}, {description} | {status} |")
    return lines


def try_pacs(series: Path, point: str) -> list[str]:
    """Simulate the later study, store both, predict twice, list; return the lines of the page."""
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
        scans = [path for path in sorted([*series.rglob("*"), *(simulated / "ct").iterdir()]) if path.is_file()]
        scans = [path for path in scans if is_dicom(path)]
        with running_orthanc(folder) as server:
            for path in scans:
                server.store(path)
            common = ["follow-up", f"--study={study}", f"--point1={point1}", "--describes=.*", "--store"]
            shown = ["follow-up", "--pacs http://PACS/dicom-web", "--study UID", *common[2:]]
            first, second = (
                run([*common, f"--pacs={server.dicom_web}", f"--out={folder / out}"], [*shown, f"--out {out}"])
                for out in ("first", "second")
            )
            again = STORED.search(second)
            if again is None:
                raise SystemExit("the second run does not say what it stored")
            return [
                f"Both scans: {len(scans)} files, {sum(path.stat().st_size for path in scans) / 1e6:.0f} MB.",
                *("", "```console", first.rstrip(), "```", ""),
                *bytes_table(first, sum(path.stat().st_size for path in scans)),
                *("", f"The same command again stores {again[1]} objects; {again[2]} are there already.", ""),
                *("What Orthanc lists in the study beside the CT, and whether it draws it:", ""),
                *listed(server, study),
            ]


def record(page: Path, lines: list[str]) -> None:
    """Write the lines between the page's marks."""
    text = page.read_text(encoding="utf-8")
    if TRANSCRIPT.search(text) is None:
        raise SystemExit(f"{page} has no marks of a transcript")
    body = "\n".join(lines)
    page.write_text(TRANSCRIPT.sub(lambda match: f"{match[1]}\n{body}\n\n{match[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    made = try_pacs(Path(sys.argv[1]), sys.argv[2])
    print("\n".join(made))
    if len(sys.argv) > 3:
        record(Path(sys.argv[3]), made)
