"""Read a pre-training out over its epochs: what its words mean, and where they point, while it trains.

    python -m monai.bundle run training --config_file "['configs/medst_pretrain.json','configs/medst/tiny.json']" \
        --keep_every 4 --dataset_dir DIR --output_dir output/medst_epochs
    python scripts/medst_epochs.py --training_dir output/medst_epochs --dataset_dir DIR --json \
        docs/results/medst_epochs.json

Each kept epoch is judged by configs/medst_evaluate.json on the validation patients. A read-out that falls while the
losses fall is worth less than it looks at the end.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.medst.model_file import KEPT_EPOCHS, load_pretrained
from csfnet_bundle.medst.tasks_handler import METRICS_NAME
from csfnet_bundle.prediction.checkpoint import MODEL_NAME
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.studies.medst.results import COMPARED, read_value
from csfnet_bundle.training.transfer import weights_digest
from csfnet_bundle.training.workflow import make_workflow

ROOT = Path(__file__).resolve().parent.parent
READ_OUTS = ("pointing_game", "pointing_chance", *COMPARED)


def read_out_epoch(path: Path, dataset: Path, section: str) -> dict[str, Any]:
    """Judge the weights of one epoch; return its number, its steps and every read-out that it has.

    What an earlier call found counts for the same weights, cohort and section alone.
    """
    asked = {"weights": weights_digest(path), "cohort": datalist_hash(dataset), "section": section}
    noted = path.parent / "judged.json"
    known = noted.is_file() and json.loads(noted.read_text(encoding="utf-8")) == asked
    if not known or not (path.parent / METRICS_NAME).is_file():
        workflow = make_workflow(
            "evaluating",
            [ROOT / "configs" / "medst_evaluate.json"],
            bundle_root=str(ROOT),
            dataset_dir=str(dataset),
            section=section,
            cache_dir=str(path.parents[2] / "roi_cache"),
            training_dir=str(path.parent),
            output_dir=str(path.parent),
        )
        workflow.run()
        workflow.finalize()
        write_atomically(noted, json.dumps(asked) + "\n")
    metrics = json.loads((path.parent / METRICS_NAME).read_text(encoding="utf-8"))
    told = metrics["pretraining"]
    return {
        "epoch": told["pretraining"]["epoch"],
        "steps": told["pretraining"]["steps"],
        "loss": told["validation_loss"],
        **{name: round(read_value(metrics, name), 4) for name in READ_OUTS},
    }


def main() -> None:
    """Judge every kept epoch and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--training_dir", type=Path, required=True)
    parser.add_argument("--dataset_dir", type=Path, required=True)
    parser.add_argument("--section", default="validation")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    paths = sorted((given.training_dir / KEPT_EPOCHS).glob(f"*/{MODEL_NAME}"))
    if not paths:
        parser.error(f"{given.training_dir} has no kept epochs: train with --keep_every 4")
    rows = []
    for number, path in enumerate(paths, start=1):
        rows.append(read_out_epoch(path, given.dataset_dir, given.section))
        print(f"{number} of {len(paths)}: epoch {rows[-1]['epoch']}", flush=True)
    whole = load_pretrained(given.training_dir / MODEL_NAME).provenance
    document = {
        "trained_on": whole["trained_on"],
        "size": whole["pretraining"]["size"],
        "chosen_epoch": whole["pretraining"]["epoch"],
        "section": given.section,
        "bundle_version": whole["bundle_version"],
        "epochs": rows,
    }
    write_atomically(given.json, json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
