"""Golden scores: the weights that come with the bundle give the stored probability for one fixed phantom pair."""

from pathlib import Path

import pytest
import torch

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, stratified_sections
from csfnet_bundle.cohorts.phantom.render import render_pair
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.commands.make_model import SEED
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.prediction.seen_patients import seen_among
from csfnet_bundle.records import encode_clinical

PAIR, LATER = "pair", "t1 alone"
GOLDEN_PROBABILITY = {
    ("model.pt", PAIR): 0.5619,
    ("nodules/model.pt", PAIR): 0.8994,
    ("nodules/model.pt", LATER): 0.5498,
}
"""They change only with the weights (`make model`), with what the phantom looks like, or with a defect."""
TOLERANCE = 2e-3
"""Convolutions sum in another order on another processor."""


@pytest.mark.parametrize(("model", "shown"), GOLDEN_PROBABILITY)
def test_golden_score(repository: Path, model: str, shown: str) -> None:
    checkpoint = load_checkpoint(repository / "models" / model)
    subject = Subject(seed=42, number=0)
    roi = checkpoint.roi
    rois = [torch.from_numpy(scan.roi(roi.size, roi.spacing).array) for scan in render_pair(subject)]
    low, high = roi.window
    image = ((torch.stack(rois) - low) / (high - low)).clamp(0, 1).unsqueeze(0)
    if shown == LATER:
        image = image[:, 1:].expand_as(image)
    clinical = torch.from_numpy(encode_clinical(subject.clinical, checkpoint.code_book)).unsqueeze(0)
    network = checkpoint.create_network().eval()
    with torch.no_grad():
        logits = network(image, clinical)[0].double()
    logit = (logits[1] - logits[0]).reshape(1).numpy()
    probability = probabilities(logit, checkpoint.decision.temperature)[0]
    assert probability == pytest.approx(GOLDEN_PROBABILITY[model, shown], abs=TOLERANCE)
    assert probability == pytest.approx(float(torch.softmax(logits / checkpoint.decision.temperature, 0)[1]))


def test_the_shipped_weights_tell_the_phantoms_that_they_saw(repository: Path) -> None:
    """Those of the training and validation sections of `make phantom-model`'s cohort, and none of its test section."""
    seen = load_checkpoint(repository / "models" / "model.pt").seen_patients
    settings = CohortSettings(subjects=40, seed=SEED)
    subjects = settings.all_subjects()[: settings.subjects]
    sections = stratified_sections([subject.label for subject in subjects], settings.split)
    expected = [one.patient_id for one, section in zip(subjects, sections, strict=True) if section != "test"]
    asked = [one.patient_id for one in subjects]
    assert seen_among(seen, asked, "model.pt", f"phantom, seed {SEED}") == expected
    assert seen_among(seen, asked, "model.pt", "phantom, seed 0") == []
