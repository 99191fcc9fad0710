"""The losses on studies that were not trained on, beside those of a network that says the same of everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from csfnet_bundle.medst.collate import CollateWindows
from csfnet_bundle.medst.model_file import Pretrained
from csfnet_bundle.medst.sequences import StudySequence
from csfnet_bundle.medst.views import StudyViews
from csfnet_bundle.medst.window_transforms import LoadWindow
from csfnet_bundle.medst.windows import windows
from csfnet_bundle.networks.medst import Embeddings, MedSTObjective

WINDOW = 3
WINDOWS_A_BATCH = 10
"""The same for every network, whatever it was trained with: losses of other batches have another chance."""


def held_out_losses(pretrained: Pretrained, sequences: Sequence[StudySequence], views: StudyViews) -> dict[str, Any]:
    """Return every loss of this project's form by name: ``value`` and ``chance``.

    Chance is the loss of the same batches where all images, texts, words and patches have one and the same embedding.
    Only whole batches count, of ten windows of three studies; nothing where the data have no such batch.

    Args:
        pretrained: the network.
        sequences: held out.
        views: of their studies.
    """
    made = [window for window in windows(sequences, WINDOW) if len(window.studies) == WINDOW]
    batches = [made[start : start + WINDOWS_A_BATCH] for start in range(0, len(made), WINDOWS_A_BATCH)]
    whole = [batch for batch in batches if len(batch) == WINDOWS_A_BATCH]
    if not whole:
        return {}
    network, load, collate = pretrained.network, LoadWindow(views), CollateWindows(pretrained.tokenizer)
    device = next(network.parameters()).device
    objective = MedSTObjective()
    network.eval()
    sums: dict[str, dict[str, float]] = {}
    with torch.no_grad():
        for batch in whole:
            tensors = {name: tensor.to(device) for name, tensor in collate([load(one) for one in batch]).items()}
            found = network(tensors)
            for kind, embeddings in (("value", found), ("chance", _alike(found))):
                for name, loss in objective(embeddings, tensors).items():
                    if name != "total":
                        sums.setdefault(name, {"value": 0.0, "chance": 0.0})[kind] += float(loss) / len(whole)
    return {"batches": len(whole), "studies_a_batch": WINDOW * WINDOWS_A_BATCH, "losses": sums}


def _alike(embeddings: Embeddings) -> Embeddings:
    """Return the same embedding for all that counts."""

    def one(vectors: Tensor) -> Tensor:
        made = torch.zeros_like(vectors)
        made[..., 0] = 1.0
        return made

    alike = {
        name: one(getattr(embeddings, name))
        for name in ("image", "text", "patches", "patch_context", "words", "word_context")
    }
    return embeddings._replace(**alike)
