import os
import subprocess
import sys
from pathlib import Path

import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst.losses.global_alignment import global_alignment
from csfnet_bundle.networks.medst.losses.ranks import gather_rows, rank_share

SCRIPT = Path(__file__).parent / "gathering_process.py"
REPOSITORY = Path(__file__).parents[4]


def test_a_single_process_keeps_its_rows() -> None:
    rows = torch.rand(3, 4)
    assert gather_rows(rows) is rows
    assert float(rank_share(4, rows)) == 0.25


def test_two_processes_get_the_loss_and_gradient_of_one(tmp_path: Path) -> None:
    """With different numbers of studies, and a text that both have."""
    layer, image, text = torch.randn(6, 128), torch.randn(7, 6), torch.randn(7, 6)
    group = torch.tensor([0, 1, 2, 3, 1, 4, 5])
    for rank, rows in enumerate((slice(0, 3), slice(3, 7))):
        part = {"layer": layer, "image": image[rows].clone(), "text": text[rows].clone(), "group": group[rows].clone()}
        torch.save(part, tmp_path / f"rank{rank}.pt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(SCRIPT)]
    running = [subprocess.Popen([*command, str(rank), str(tmp_path)], env=environment) for rank in range(2)]
    assert [process.wait(timeout=300) for process in running] == [0, 0]

    layer.requires_grad_()
    expected = global_alignment(F.normalize(image @ layer, dim=1), F.normalize(text @ layer, dim=1), group)
    expected.backward()
    results = [torch.load(tmp_path / f"result{rank}.pt", weights_only=True) for rank in range(2)]
    torch.testing.assert_close((results[0]["loss"] + results[1]["loss"]) / 2, expected.detach())
    for result in results:
        torch.testing.assert_close(result["gradient"], layer.grad)
