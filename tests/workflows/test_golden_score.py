"""Golden scores: the weights that come with the bundle give the stored probability for one fixed phantom pair."""

from pathlib import Path

import pytest
import torch

from csfnet_bundle.cohorts.phantom.render import render_pair
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import encode_clinical

GOLDEN_PROBABILITY = {"model.pt": 0.4822, "nodules/model.pt": 0.4696}
"""They change only with the weights (`make model`, `make-nodule-model`), with what the phantom looks like, or with a
defect."""
TOLERANCE = 2e-3
"""Convolutions sum in another order on another processor."""


@pytest.mark.parametrize("model", GOLDEN_PROBABILITY)
def test_golden_score(repository: Path, model: str) -> None:
    checkpoint = load_checkpoint(repository / "models" / model)
    subject = Subject(seed=42, number=0)
    roi = checkpoint.roi
    rois = [torch.from_numpy(scan.roi(roi.size, roi.spacing).array) for scan in render_pair(subject)]
    low, high = roi.window
    image = ((torch.stack(rois) - low) / (high - low)).clamp(0, 1).unsqueeze(0)
    clinical = torch.from_numpy(encode_clinical(subject.clinical, checkpoint.code_book)).unsqueeze(0)
    network = checkpoint.create_network().eval()
    with torch.no_grad():
        logits = network(image, clinical)[0].double()
    logit = (logits[1] - logits[0]).reshape(1).numpy()
    probability = probabilities(logit, checkpoint.decision.temperature)[0]
    assert probability == pytest.approx(GOLDEN_PROBABILITY[model], abs=TOLERANCE)
    assert probability == pytest.approx(float(torch.softmax(logits / checkpoint.decision.temperature, 0)[1]))
