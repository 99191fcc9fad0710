"""A golden score: models/model.pt on one fixed phantom pair gives the stored probability."""

from pathlib import Path

import pytest
import torch

from csfnet_bundle.cohorts.phantom.render import render_pair
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import encode_clinical

GOLDEN_PROBABILITY = 0.4822
"""Changes only with models/model.pt (`make model`), with what the phantom looks like, or with a defect."""
TOLERANCE = 2e-3
"""Convolutions sum in another order on another processor."""


def test_golden_score(repository: Path) -> None:
    checkpoint = load_checkpoint(repository / "models" / "model.pt")
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
    assert probability == pytest.approx(GOLDEN_PROBABILITY, abs=TOLERANCE)
    assert probability == pytest.approx(float(torch.softmax(logits / checkpoint.decision.temperature, 0)[1]))
