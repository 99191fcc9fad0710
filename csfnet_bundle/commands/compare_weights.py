"""``compare-weights``: files of weights side by side on phantoms."""

from __future__ import annotations

import json
from pathlib import Path

from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.files import write_atomically

SHIPPED = ("models/model.pt", "models/nodules/model.pt")


def compare_weights(out: Path, weights: Words = SHIPPED, pairs: int = 1000, workers: int = 1) -> None:
    """Judge files of weights on the same phantoms: on pairs, and on the later scan alone.

    Writes results.json into ``out``; the drawn ROIs stay there, and an interrupted call resumes.

    Args:
        out: folder for the ROIs and the result.
        weights: files of weights, by commas; the first is what the others are compared with.
        pairs: phantom pairs.
        workers: processes that render.

    Examples:
        csfnet compare-weights output/compared
        csfnet compare-weights output/mine --weights models/model.pt,output/training/model.pt --pairs 2000
    """
    import torch

    from csfnet_bundle.studies.trial_results import RESULTS_NAME
    from csfnet_bundle.studies.weights_comparison import compare_on_phantoms, weights_markdown

    torch.set_num_threads(1)  # the networks are small: more threads take longer
    folder = out.resolve()
    command = f"python -m csfnet_bundle compare-weights --out OUT --weights {','.join(weights)} --pairs {pairs}"
    document = {"command": command, **compare_on_phantoms(weights, folder, pairs=pairs, workers=workers)}
    path = folder / RESULTS_NAME
    write_atomically(path, json.dumps(document, indent=1) + "\n")
    print(f"{weights_markdown(document)}\n{path}")
