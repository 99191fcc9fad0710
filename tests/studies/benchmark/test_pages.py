"""What a page says of a results.json: every table tells how it was made, and what is left out is named."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from csfnet_bundle.studies.benchmark.cells import headline
from csfnet_bundle.studies.benchmark.pages import benchmark_markdown, findings_markdown
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.studies.benchmark.results import make_results
from csfnet_bundle.studies.benchmark.running import Predictions

COMMAND = "python -m csfnet_bundle benchmark --dataset_dir DIR --folds 2"


@pytest.fixture(scope="module")
def document(protocol: Protocol, predictions: Predictions) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(make_results(protocol, predictions, COMMAND, resamples=20)))
    return made


def test_a_page_says_first_how_its_tables_were_made(document: dict[str, Any]) -> None:
    line = headline(document)
    for word in ("2 folds by patient", "2 seed(s)", "width 0.125", "ROI 8x16x16 at 2x2x2 mm", "hours on CPU", COMMAND):
        assert word in line
    assert benchmark_markdown(document).startswith(line)
    assert findings_markdown(document).startswith(line)


def test_the_findings_name_every_system_once_with_its_difference(document: dict[str, Any]) -> None:
    table = findings_markdown(document)
    for name, row in document["systems"].items():
        (line,) = [line for line in table.splitlines() if line.startswith(f"| {name} ")]
        assert f"{row['auc']:.3f}" in line
        assert name == document["reference"] or f"{row['difference']:+.3f}" in line
        seeds = document["seeds"].get(name, {"auc": []})["auc"]
        assert [cell.strip() for cell in line.split("|")][4] == (", ".join(f"{area:.3f}" for area in seeds) or "–")


def test_networks_references_and_bounds_stand_apart(document: dict[str, Any]) -> None:
    document = {**document, "systems": {**document["systems"], "oracle: all": document["systems"]["t1_image"]}}
    document["kinds"] = {**document["kinds"], "oracle: all": "bound"}
    networks, rest = benchmark_markdown(document).split("Without a network", 1)
    references, bounds = rest.split("The best that any classifier", 1)
    assert "| csfnet " in networks
    assert "clinical (logistic)" not in networks
    assert "clinical (logistic)" in references
    assert "oracle: all" in bounds.split("Spread between seeds")[0]


def test_the_verdict_follows_the_intervals(document: dict[str, Any]) -> None:
    rows = {
        "clinical (logistic)": {"difference": 0.2, "difference_lower": 0.1, "difference_upper": 0.3},
        "volume (segmentation)": {"difference": 0.0, "difference_lower": -0.1, "difference_upper": 0.1},
        "simple reference, t1 image": {"difference": -0.2, "difference_lower": -0.3, "difference_upper": -0.1},
    }
    systems = {name: {**row, **rows.get(name, {})} for name, row in document["systems"].items() if name in rows}
    text = benchmark_markdown({**document, "systems": {"csfnet": document["systems"]["csfnet"], **systems}})
    assert "**csfnet** is better than clinical (logistic) (+0.200, +0.100 to +0.300)" in text
    assert "cannot be told from volume (segmentation)" in text
    assert "falls behind simple reference, t1 image (-0.200, -0.300 to -0.100)." in text


def test_what_is_left_out_is_named_with_its_reason(document: dict[str, Any]) -> None:
    assert "Not in the table: Brock/PanCan (model 2b), as the datalist has no family_history" in benchmark_markdown(
        document
    )


def test_undefined_numbers_are_dashes_and_no_words(document: dict[str, Any]) -> None:
    assert document["systems"]["csfnet"]["p_delong"] is None
    text = benchmark_markdown(document)
    assert not re.findall(r"\b(nan|None|null)\b", text)


@pytest.mark.parametrize(
    ("covers", "words"), [(True, "covers 0.5"), (False, "DOES NOT cover 0.5"), (None, "one run has no standard error")]
)
def test_the_verdict_on_permuted_labels_is_plain(document: dict[str, Any], covers: bool | None, words: str) -> None:
    permuted = {"system": "csfnet", "auc": [0.5, 0.6], "mean": 0.55, "standard_error": 0.05, "covers_half": covers}
    text = benchmark_markdown({**document, "permuted_labels": permuted})
    assert f"mean ± 3 SE {words}" in text
    assert "leak of the permuted label itself" in text
    assert "is permuted away with it" in text
    assert "permuted, csfnet" not in benchmark_markdown({**document, "permuted_labels": None})


def test_a_page_is_the_same_from_the_file(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    assert benchmark_markdown(json.loads(path.read_text())) == benchmark_markdown(document)


def test_reads_that_were_taken_out_are_told(document: dict[str, Any]) -> None:
    without = {**document, "protocol": {**document["protocol"], "reads": False}}
    assert "without the radiologists' reads" in headline(without)
    assert "without the radiologists' reads" not in headline(document)


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"), [(0.01, 0.1, "it helps"), (-0.1, -0.01, "it harms"), (-0.1, 0.1, "not shown")]
)
def test_whether_pre_training_helps_is_said(document: dict[str, Any], lower: float, upper: float, verdict: str) -> None:
    row = {"without": "medst_probe_scratch", "difference": 0.0, "difference_lower": lower, "difference_upper": upper}
    row |= {"p_delong": 0.2, "difference_seed_deviation": 0.0123}
    page = benchmark_markdown({**document, "pre_training": {"medst_probe": row}})
    line = next(line for line in page.splitlines() if "medst_probe - medst_probe_scratch" in line)
    assert [cell.strip() for cell in line.split("|")][-3:-1] == ["0.012", verdict]
    assert "What the pre-training changes" not in benchmark_markdown(document)
