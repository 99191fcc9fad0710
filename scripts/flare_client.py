"""A site of a NVIDIA FLARE federation: FLARE's client script, with MONAI's ``MonaiAlgo`` on the bundle's configs.

FLARE starts it (see scripts/flare_job.py); ``{site}`` in its arguments is the site's name.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nvflare.client as flare
import torch
from monai.fl.utils.exchange_object import ExchangeObject

from csfnet_bundle.training.federated import Site


def _copies(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in weights.items()}


def main() -> None:
    """Train on the global weights of every round and send back what became of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle_root", required=True)
    parser.add_argument("--global_model", required=True)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--local_epochs", type=int, default=1)
    parser.add_argument("--learning_rate", type=float, default=0.0001)
    words = parser.parse_args()

    flare.init()
    name = flare.get_site_name()
    site = Site(name, Path(words.dataset_dir.format(site=name)), Path(words.output_dir.format(site=name)))
    override = {"num_workers": 0, "cache_dir": str(site.output_dir / "rois"), "optimizer#lr": words.learning_rate}
    client = site.algorithm(Path(words.bundle_root), Path(words.global_model), words.local_epochs, override)
    while flare.is_running():
        received = flare.receive()
        weights = {key: torch.as_tensor(value) for key, value in received.params.items()}
        # Copies, as in the simulation: MonaiAlgo loads the tensors that it is given into its network.
        metrics = client.evaluate(ExchangeObject(weights=_copies(weights))).metrics
        client.train(ExchangeObject(weights=_copies(weights)))
        changed = client.get_weights().weights  # MonaiAlgo gives the difference to the global weights
        print(f"{name}, round {received.current_round}: {metrics}", flush=True)
        flare.send(
            flare.FLModel(
                params_type=flare.ParamsType.FULL,
                params={key: weights[key] + changed[key] for key in weights},  # FLARE drops what is no tensor
                metrics={"validation_auc": metrics["validation_auc"]},
                meta={"NUM_STEPS_CURRENT_ROUND": site.training_pairs},  # what FLARE weighs the sites by
            )
        )
    client.finalize()


if __name__ == "__main__":
    main()
