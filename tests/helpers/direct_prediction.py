"""Predictions without the bundle's engines: reader, window, encoder and network by hand."""

from pathlib import Path

import numpy as np
import torch

from csfnet_bundle.inputs import read_pair
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.records import encode_clinical, load_datalist


def direct_logits(checkpoint: ModelCheckpoint, cohort: Path, section: str) -> dict[str, float]:
    """Return logit 1 - logit 0 of each pair of a section, by subject."""
    network = checkpoint.create_network().eval()
    low, high = checkpoint.roi.window
    logits = {}
    for pair in load_datalist(cohort).section(section):
        hounsfield = read_pair(pair, cohort, checkpoint.roi).array.astype(np.float64)
        image = torch.from_numpy(((np.clip(hounsfield, low, high) - low) / (high - low)).astype(np.float32))[None]
        clinical = torch.from_numpy(encode_clinical(pair.clinical, checkpoint.code_book))[None]
        with torch.no_grad():
            benign, malignant = network(image, clinical, torch.tensor([pair.interval_days])).double()[0]
        logits[pair.subject] = float(malignant - benign)
    return logits
