"""Predictions through the package's Python interface, without the bundle's engines."""

from pathlib import Path

from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import load_datalist


def direct_logits(checkpoint: ModelCheckpoint, cohort: Path, section: str) -> dict[str, float]:
    """Return logit 1 - logit 0 of each pair of a section, by subject."""
    pairs = load_datalist(cohort).section(section)
    made = Predictor(checkpoint, "cpu").predict_pairs(pairs, cohort, batch_size=1)
    return {prediction.pair.subject: prediction.logit for prediction in made}
