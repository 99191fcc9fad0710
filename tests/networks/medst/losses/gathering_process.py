"""One of two processes that share their negatives: ``python gathering_process.py RANK FOLDER``."""

import sys
from pathlib import Path

import torch
from torch import distributed
from torch.nn import functional as F

from csfnet_bundle.networks.medst.losses.alignment import global_alignment

if __name__ == "__main__":
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    given = torch.load(folder / f"rank{rank}.pt", weights_only=True)
    layer = given["layer"].requires_grad_()
    image, text = (F.normalize(given[name] @ layer, dim=1) for name in ("image", "text"))
    loss = global_alignment(image, text, given["group"], gather=True)
    loss.backward()
    distributed.all_reduce(layer.grad)  # what DistributedDataParallel does, and its mean
    torch.save({"loss": loss.detach(), "gradient": layer.grad / 2}, folder / f"result{rank}.pt")
    distributed.destroy_process_group()
