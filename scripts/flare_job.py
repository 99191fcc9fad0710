"""A NVIDIA FLARE federation of the bundle, run in FLARE's simulator: plain averaging over sites.

    python scripts/flare_job.py --model start.pt --dataset_dir "DIR/{site}" --out output/flare --sites site-1,site-2

``DIR/site-1`` and so on are the sites' cohorts; FLARE takes no spaces in these paths. The last global model is written
to OUT/model.pt. It needs ``pip install nvflare``; for a real federation give the same recipe to FLARE's production
environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import fire
import torch
from nvflare.app_opt.pt.recipes.fedavg import FedAvgRecipe
from nvflare.recipe import SimEnv

from csfnet_bundle.commands.bundle_run import bundle_root, words
from csfnet_bundle.prediction.checkpoint import load_checkpoint

SCRIPTS = Path(__file__).resolve().parent
GLOBAL_MODEL = "FL_global_model.pt"
"""The name that FLARE gives the file with the last global weights."""


def federate(
    model: str,
    dataset_dir: str,
    out: str,
    sites: str | Sequence[str],
    rounds: int = 2,
    local_epochs: int = 1,
    learning_rate: float = 0.0001,
    phantoms: bool = False,
) -> None:
    """Run the federation.

    Args:
        model: the checkpoint to start from; it tells network and ROI.
        dataset_dir: the sites' cohorts, with {site} for a site's name.
        out: folder to write.
        sites: their names.
        rounds: of training and averaging.
        local_epochs: epochs at each site in a round.
        learning_rate: at each site.
        phantoms: whether the sites' cohorts are phantoms, which the server cannot see; every report then says so.
    """
    folder, start = Path(out).resolve(), Path(model).resolve()
    checkpoint = load_checkpoint(start)
    arguments = {
        "bundle_root": bundle_root(),
        "global_model": start,
        "dataset_dir": Path(dataset_dir).resolve(),
        "output_dir": folder / "{site}",
        "local_epochs": local_epochs,
        "learning_rate": learning_rate,
    }
    recipe = FedAvgRecipe(
        name="csfnet",
        model=checkpoint.create_network(),  # of which FLARE takes the class alone; the weights are the checkpoint's
        initial_ckpt=str(start),
        min_clients=len(words(sites)),
        num_rounds=rounds,
        train_script=str(SCRIPTS / "flare_client.py"),
        train_args=" ".join(f"--{name} {value}" for name, value in arguments.items()),
        key_metric="validation_auc",
    )
    run = recipe.execute(SimEnv(clients=words(sites), workspace_root=str(folder / "workspace")))
    result = Path(run.get_result())
    saved = torch.load(next(result.rglob(GLOBAL_MODEL)), map_location="cpu", weights_only=True)
    learnt = saved.get("model", saved)  # FLARE nests the state dictionary in some versions
    if all(torch.equal(tensor, checkpoint.weights[name]) for name, tensor in learnt.items()):
        raise RuntimeError(f"nothing was learnt: FLARE dropped what the sites sent; see its log in {result}")
    weights = {name: tensor.to(checkpoint.weights[name].dtype) for name, tensor in learnt.items()}
    provenance = {"trained_on": f"federation of {', '.join(words(sites))}", "rounds": rounds, "phantom": phantoms}
    replace(checkpoint, weights=weights, provenance=provenance).save(folder / "model.pt")
    print(f"{folder / 'model.pt'}: {rounds} rounds over {', '.join(words(sites))}; not calibrated")


if __name__ == "__main__":
    fire.Fire(federate)
