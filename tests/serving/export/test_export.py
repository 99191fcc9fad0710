"""Exported files give what the network gives, carry what a program needs, and stand alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from helpers.workflow_runs import REPOSITORY
from monai.bundle import ConfigParser
from monai.data import load_net_with_metadata

from csfnet_bundle.commands import main
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.prediction.data import datalist_items
from csfnet_bundle.records import CLINICAL_VARIABLES
from csfnet_bundle.serving.export import (
    PARITY_PAIRS,
    PARITY_TOLERANCE,
    Pairs,
    example_pairs,
    largest_difference,
    onnx_runtime,
    pytorch_runtime,
    torchscript_runtime,
)

VOCABULARY = (8, 4, 4, 8, 8, 6)


@pytest.fixture(scope="module")
def network(model: Path) -> torch.nn.Module:
    return load_checkpoint(model).create_network().eval()


@pytest.fixture(scope="module")
def cohort_pairs(small_cohort: Path, model: Path) -> Pairs:
    """The cohort's 32 labelled pairs, as the transforms of configs/inference.json make them."""
    parser = ConfigParser()
    parser.read_config(REPOSITORY / "configs" / "inference.json")
    parser.update({"checkpoint_path": str(model), "cache_dir": None, "dataset_dir": str(small_cohort)})
    transform = parser.get_parsed_content("preprocessing")
    sections = ("training", "validation", "test")
    samples = [transform(item) for section in sections for item in datalist_items(small_cohort, section)]
    stacked = {name: torch.stack([item[name] for item in samples]).numpy() for name in vars(_empty())}
    stacked["interval_days"][::3] = np.nan
    return Pairs(**stacked)


def _empty() -> Pairs:
    return example_pairs(1, (1, 1, 1), VOCABULARY)


@pytest.mark.parametrize("name", ["model.ts", "model.onnx"])
def test_exported_networks_agree_with_pytorch_on_32_pairs(
    name: str, exported: Path, network: torch.nn.Module, cohort_pairs: Pairs
) -> None:
    assert len(cohort_pairs) == PARITY_PAIRS
    runtime = onnx_runtime(exported / name) if name.endswith("onnx") else torchscript_runtime(exported / name)
    logits = pytorch_runtime(network)(cohort_pairs)
    assert np.ptp(logits, axis=0).max() > 10 * PARITY_TOLERANCE  # else agreement would say nothing
    assert largest_difference(pytorch_runtime(network), runtime, cohort_pairs) <= PARITY_TOLERANCE


def test_missing_inputs_are_codes_and_nan_in_onnx(exported: Path, network: torch.nn.Module) -> None:
    pairs = example_pairs(3, (16, 32, 32), VOCABULARY, seed=5)
    nothing = Pairs(pairs.image, np.zeros_like(pairs.clinical), np.full_like(pairs.interval_days, np.nan))
    with torch.no_grad():
        expected = network(torch.from_numpy(pairs.image), None, None).numpy()
    run = onnx_runtime(exported / "model.onnx")
    np.testing.assert_allclose(run(nothing), expected, atol=PARITY_TOLERANCE)
    assert np.abs(run(Pairs(pairs.image, pairs.clinical, nothing.interval_days)) - expected).max() > PARITY_TOLERANCE
    days = np.full_like(pairs.interval_days, 400)
    assert np.abs(run(Pairs(pairs.image, nothing.clinical, days)) - expected).max() > PARITY_TOLERANCE


@pytest.mark.parametrize("name", ["model.ts", "model.onnx"])
@pytest.mark.parametrize(("variable", "token"), [(0, 8), (0, -1), (5, 6), (2, 10**6)])
def test_a_token_out_of_range_counts_as_unknown(exported: Path, name: str, variable: int, token: int) -> None:
    """Race 8 would else read the first row of smoking."""
    run = onnx_runtime(exported / name) if name.endswith("onnx") else torchscript_runtime(exported / name)
    pairs = example_pairs(2, (16, 32, 32), VOCABULARY, seed=5)
    strange, unknown = pairs.clinical.copy(), pairs.clinical.copy()
    strange[:, variable], unknown[:, variable] = token, 1
    expected = run(Pairs(pairs.image, unknown, pairs.interval_days))
    np.testing.assert_array_equal(run(Pairs(pairs.image, strange, pairs.interval_days)), expected)


def test_the_onnx_file_tells_its_inputs_and_how_to_use_its_output(exported: Path) -> None:
    file = onnx.load(exported / "model.onnx")
    shapes = {
        entry.name: [size.dim_param or size.dim_value for size in entry.type.tensor_type.shape.dim]
        for entry in file.graph.input
    }
    batch = shapes["interval_days"][0]
    assert isinstance(batch, str)
    assert shapes == {"image": [batch, 2, 16, 32, 32], "clinical": [batch, 6], "interval_days": [batch]}
    assert [entry.name for entry in file.graph.output] == ["pred"]
    assert [entry.version for entry in file.opset_import if not entry.domain] == [20]  # as docs/export.md says
    described = json.loads({entry.key: entry.value for entry in file.metadata_props}["csfnet_bundle"])
    assert described["decision"] == {"temperature": 1.5, "threshold": 0.4}
    assert described["roi"]["size"] == [16, 32, 32]
    assert [variable["name"] for variable in described["code_book"]] == list(CLINICAL_VARIABLES)
    assert described["provenance"]["trained_on"] == "nothing: a test"


def test_the_torchscript_file_carries_metadata_and_attention(exported: Path, network: torch.nn.Module) -> None:
    script, metadata, extra = load_net_with_metadata(
        exported / "model.ts", more_extra_files=("inference.json", "csfnet_bundle.json")
    )
    assert metadata["network_data_format"]["inputs"]["image"]["num_channels"] == 2
    assert json.loads(extra["inference.json"])["bundle_root"] == "."
    assert json.loads(extra["csfnet_bundle.json"])["decision"]["temperature"] == 1.5
    image = torch.rand(2, 2, 16, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(script(image), network(image), atol=1e-5, rtol=0)
        torch.testing.assert_close(script.attention_map(image), network.attention_map(image), atol=1e-5, rtol=0)


def test_exported_files_need_nothing_of_this_package(exported: Path) -> None:
    """And ONNX needs no PyTorch either."""
    code = """
import sys
import numpy as np
sys.modules["csfnet_bundle"] = None  # any import of it fails
image = np.zeros((1, 2, 16, 32, 32), np.float32)
sys.modules["torch"] = None
import onnxruntime
inputs = {"image": image, "clinical": np.zeros((1, 6), np.int64), "interval_days": np.full(1, np.nan, np.float32)}
first = onnxruntime.InferenceSession("model.onnx").run(None, inputs)[0]
del sys.modules["torch"]
import torch
second = torch.jit.load("model.ts")(torch.from_numpy(image)).detach().numpy()
assert np.abs(first - second).max() < 1e-4
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=exported, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_that_disagrees_is_not_kept(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As if the exporter had lost the clinical values."""
    blind = pytorch_runtime(load_checkpoint(model).create_network())
    monkeypatch.setattr(
        "csfnet_bundle.serving.export.torchscript_runtime",
        lambda _: lambda pairs: blind(Pairs(pairs.image, np.zeros_like(pairs.clinical), pairs.interval_days)),
    )
    assert main(["export", f"--out={tmp_path}", f"--model={model}", "--formats=torchscript"]) == 1
    assert "differs from PyTorch" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", f"--out={tmp_path}", "--formats=onnx,tflite"]) == 1
    assert "tflite" in capsys.readouterr().err
