"""Systems that start from a pre-training: the benchmark's record says from which."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import create_network
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.studies.benchmark.pages import benchmark_markdown
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.results import make_results
from csfnet_bundle.studies.benchmark.running import run_benchmark
from csfnet_bundle.training.transfer import weights_digest

PRETRAINING = {"config_sha256": "12ab" * 16, "steps": 321}


@pytest.mark.long
def test_a_pre_training_reaches_the_results(fresh: Protocol, tmp_path: Path) -> None:
    """Given to the systems that start from one; CSF-Net beside them starts at random."""
    encoder = create_network({"name": "MedSTProbe", "size": "tiny"}).image_encoder
    weights = {f"image_encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    pretrained = tmp_path / "medst.pt"
    torch.save({"model": weights, "provenance": {"trained_on": "screens", "pretraining": PRETRAINING}}, pretrained)
    (tmp_path / "own").mkdir()
    (tmp_path / "own.json").write_text("{}")
    own = {"medst_size": "tiny"}
    (tmp_path / "own" / "medst_probe.json").write_text(json.dumps(own))

    files = (*fresh.config_files, str(tmp_path / "own.json"))
    protocol = replace(fresh, systems=("csfnet", "medst_probe"), config_files=files, pretrained=pretrained)
    document = make_results(protocol, run_benchmark(protocol, ("cpu",)), "benchmark", resamples=20)
    start = {"trained_on": "screens", "sha256": weights_digest(pretrained), "copied": len(weights)}
    assert document["protocol"]["initial_weights"] == {"medst_probe": [{**start, "pretraining": PRETRAINING}]}
    assert f"config_sha256 {PRETRAINING['config_sha256']}, steps 321" in benchmark_markdown(document)

    trained = load_checkpoint(protocol.folder(Fit("medst_probe", 0, 0)) / "model.pt")
    assert trained.provenance["initial_weights"]["pretraining"] == PRETRAINING
    for name, tensor in weights.items():  # a probe's encoder is frozen
        torch.testing.assert_close(trained.weights[name], tensor, rtol=0, atol=0)


def test_a_system_that_starts_from_a_pre_training_is_refused_without_one(fresh: Protocol) -> None:
    with pytest.raises(BundleError, match=r"medst_probe starts from a pre-training, and none is given.*--pretrained"):
        replace(fresh, systems=("csfnet", "medst_probe"))


def test_a_pre_training_that_is_not_there_or_not_used_is_refused_before_anything_runs(
    fresh: Protocol, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=r"--pretrained: there is no file .*none\.pt"):
        replace(fresh, systems=("medst_probe",), pretrained=tmp_path / "none.pt")
    with pytest.raises(BundleError, match=r"no system starts from one.*csfnet_medst or medst_probe"):
        replace(fresh, systems=("csfnet",), pretrained=tmp_path / "none.pt")
