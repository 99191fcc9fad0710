"""The pages in a real browser, at the width of a desktop and of a phone: no overflow, every picture shown."""

import dataclasses
import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from csfnet_bundle.evaluation.decision import Decision
from csfnet_bundle.evaluation.output import write_evaluation
from csfnet_bundle.evaluation.predictions import prediction_table
from csfnet_bundle.report import write_case_report
from csfnet_bundle.report.cohort_report import write_cohort_report
from csfnet_bundle.report.reference import Interval, Reference

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
]
DESKTOP, PHONE = 1280, 390
SMALLEST_LETTERS = 12
"""Pixels of a page's own text below which a phone's reader has to zoom."""
PATIENCE = 120
"""Seconds after which a browser that does not answer is ended; it usually takes two."""

WRAPPER = """<!DOCTYPE html><body><script>
const results = [];
function measure(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const seen = [...page.body.querySelectorAll("*")].filter(e => e.getClientRects().length);
  results.push({
    width: root.clientWidth,
    scrolls_to: root.scrollWidth,
    sticking_out: seen.filter(e => !e.closest(".scroll > *"))
      .filter(e => e.getBoundingClientRect().right > root.clientWidth + 0.5).map(e => e.outerHTML),
    pictures: [...page.querySelectorAll("img, .panel svg")].map(e => e.getBoundingClientRect().width),
    broken: [...page.images].filter(e => !(e.complete && e.naturalWidth)).length,
    smallest_letters: Math.min(...seen.filter(e => !e.closest("svg"))
      .map(e => parseFloat(frame.contentWindow.getComputedStyle(e).fontSize))),
    pairs: [...page.querySelectorAll(".pair")]
      .map(e => [...e.children].map(c => Math.round(c.getBoundingClientRect().top))),
  });
  document.getElementById("results").textContent = JSON.stringify(results);
}
</script><pre id="results"></pre>
FRAMES</body>"""


def measure(page, tmp_path):
    """Show the page in frames of both widths and return what the browser measures in each."""
    source = html.escape(page.read_text(encoding="utf-8"), quote=True)
    frames = "".join(
        f'<iframe width="{width}" height="800" style="border:0" onload="measure(this)" srcdoc="{source}"></iframe>'
        for width in (DESKTOP, PHONE)
    )
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(WRAPPER.replace("FRAMES", frames), encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", wrapper.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    found = re.search(r'<pre id="results">(.*?)</pre>', answer, re.DOTALL)
    assert found, answer[:500]
    by_width = {entry["width"]: entry for entry in json.loads(html.unescape(found[1]))}
    assert by_width.keys() == {DESKTOP, PHONE}
    return by_width


def check(by_width):
    for width, entry in by_width.items():
        assert entry["scrolls_to"] == width
        assert entry["sticking_out"] == []
        assert entry["pictures"]
        assert entry["broken"] == 0
        assert all(shown > width / 8 for shown in entry["pictures"])
        assert all(t0 == t1 for t0, t1 in entry["pairs"])  # beside each other on a phone too
        assert entry["smallest_letters"] >= SMALLEST_LETTERS


@pytest.fixture(autouse=True)
def _browser():
    if BROWSER is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")


@pytest.fixture
def long_names(case):
    """A case whose values do not fit on a line: a UID, a path, a sentence."""
    uid = "1.3.6.1.4.1.14519.5.2.1.7009.9004." + "1234567890" * 4
    return dataclasses.replace(
        case,
        subject="PATIENT_" + "9" * 56,
        weights=dataclasses.replace(case.weights, name="/a/very/long/path" * 8 + "/model.pt"),
        findings=(*case.findings, f"t1: series {uid} was chosen among 3."),
        label=0,
    )


def test_a_case_fits_desktop_and_phone(tmp_path, long_names, images, measured, chest_pictures):
    full = dataclasses.replace(long_names, measured=measured)
    pictures = {"t0": chest_pictures, "t1": chest_pictures}
    check(measure(write_case_report(tmp_path, full, images, pictures), tmp_path))


def test_a_cohort_fits_desktop_and_phone(tmp_path, long_names, images):
    labels = np.arange(30) % 2
    logits = np.random.default_rng(0).normal(labels, 1.0)
    table = prediction_table([str(n) for n in range(30)], ["1"] * 30, logits, labels.tolist())
    context = {"data": "/data" * 30, "phantom": True, "weights": "model.pt, phantoms", "decision_chosen_on": "list"}
    write_evaluation(tmp_path, table, Decision(1.0, 0.5), context, resamples=50)
    reference = Reference("oracle, all inputs", Interval(0.945, 0.9, 0.98), Interval(0.06, -0.01, 0.12))
    check(measure(write_cohort_report(tmp_path, references=[reference], errors=[(long_names, images)]), tmp_path))
