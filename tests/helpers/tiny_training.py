"""A training of milliseconds on numbers instead of scans, with the engines and handlers that the configs use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.handlers import ROCAUC, LrScheduleHandler, ValidationHandler
from monai.transforms import Compose, RandGaussianNoised

from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.outputs import malignancy_scores
from csfnet_bundle.training.best_model import BestModel
from csfnet_bundle.training.session import TrainingSession

PAIRS = 8
FEATURES = 4


class TinyNetwork(torch.nn.Module):
    """Two logits from four numbers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(FEATURES, 2)

    def architecture(self) -> dict[str, object]:
        return {"name": "TinyNetwork"}

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layer(image)  # (B, 2)


def tiny_items(seed: int) -> list[dict[str, Any]]:
    """Records whose label shows in their first number."""
    random = torch.Generator().manual_seed(seed)
    items = []
    for number in range(PAIRS):
        label = number % 2
        image = torch.randn(FEATURES, generator=random)
        image[0] += label
        items.append({"image": image, "label": label, "subject": f"{seed}{number:03}", "nodule": "1"})
    return items


def tiny_evaluator(network: torch.nn.Module, items: list[dict[str, Any]] | None = None) -> SupervisedEvaluator:
    return SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items or tiny_items(2)), batch_size=3),
        network=network,
        key_val_metric={"validation_auc": ROCAUC(output_transform=malignancy_scores)},
    )


def tiny_session(
    output_dir: Path,
    cohort: Path,
    *,
    epochs: int = 3,
    seed: int = 0,
    interval: int = 1,
    settings: Mapping[str, object] | None = None,
) -> TrainingSession:
    """Return a session that is ready to run; ``cohort`` is what its model says it was trained on."""
    network = TinyNetwork()
    evaluator = tiny_evaluator(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    noise = Compose([RandGaussianNoised("image", prob=0.5)])
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=epochs,
        train_data_loader=DataLoader(Dataset(tiny_items(1), noise), batch_size=3, shuffle=True),
        network=network,
        optimizer=optimizer,
        loss_function=torch.nn.CrossEntropyLoss(),
        train_handlers=[
            ValidationHandler(validator=evaluator, interval=interval),
            LrScheduleHandler(lr_scheduler=scheduler),
        ],
    )
    best_model = BestModel(network, RoiSettings().to_plain(), cohort, output_dir)
    return TrainingSession(
        trainer, evaluator, network, optimizer, scheduler, best_model, output_dir, seed, settings or {}
    )
