"""configs/inference_trt.json, as far as it goes without a GPU and TensorRT."""

from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from helpers.workflow_runs import make_workflow
from monai.networks.trt_compiler import TrtCompiler

from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.serving.export import PARITY_TOLERANCE, example_pairs


def test_without_tensorrt_the_override_predicts_as_pytorch(model: Path, small_cohort: Path, tmp_path: Path) -> None:
    tables = {}
    for name, files in (("plain", ["inference.json"]), ("trt", ["inference.json", "inference_trt.json"])):
        override = {"dataset_dir": str(small_cohort), "cache_dir": None, "checkpoint_path": str(model)}
        make_workflow("inference", files, **override, output_dir=str(tmp_path / name)).run()
        tables[name] = pd.read_csv(tmp_path / name / "predictions.csv")
    pd.testing.assert_frame_equal(tables["plain"], tables["trt"])


@pytest.mark.long
def test_the_graph_that_tensorrt_is_given_is_the_network(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MONAI's compiler up to the point where it hands over to TensorRT, which this machine may not have."""
    network = load_checkpoint(model).create_network().eval()
    inputs = {name: torch.from_numpy(array) for name, array in vars(example_pairs(2, (16, 32, 32), (8,) * 6)).items()}
    inputs["clinical"] %= 4
    outputs = []

    def run_instead(_: TrtCompiler, path: str) -> bytes:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]
        assert names == ["image", "clinical", "interval_days"]
        outputs.append(session.run(None, {name: inputs[name].numpy() for name in names})[0])
        return b"a plan"

    monkeypatch.setattr(TrtCompiler, "_onnx_to_trt", run_instead)
    compiler = TrtCompiler(network, str(tmp_path / "plan"), precision="fp32", dynamic_batchsize=[1, 8, 8])
    with pytest.warns():
        compiler._build_and_save(network, dict(inputs))
    with torch.no_grad():
        np.testing.assert_allclose(outputs[0], network(**inputs).numpy(), atol=PARITY_TOLERANCE)
