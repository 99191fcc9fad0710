"""``train-measure``: train the network of models/measure.ts."""

from __future__ import annotations

from pathlib import Path


def train_measure(
    data: Path,
    out: Path,
    steps: int = 10_000,
    fold: int | None = None,
    seed: int = 0,
    model: Path | None = None,
    *,
    bfloat16: bool = False,
) -> None:
    """Train the network that measures nodules on LIDC's nodule volumes and on drawn nodules.

    Takes about an hour on two free cores. After an interruption, the same command resumes, to within 250 steps.

    Args:
        data: LIDC's folder: labels.csv, and voi.tar or the folders image and nodule_mask.
        out: folder for the prepared examples and the state; several folds may share it.
        steps: of the optimizer.
        fold: 0 to 4: hold out that fifth of the patients; by default the network is trained on all.
        seed: of weights and batches.
        model: the TorchScript file to write, with a JSON beside it; by default measure.ts or measure_fold_N.ts in OUT.
        bfloat16: compute the forward pass in bfloat16, on processors that have it 1.7 times as fast.

    Examples:
        csfnet train-measure lidc_voi output/measure --model models/measure.ts
        csfnet train-measure lidc_voi output/measure --fold 0 --steps 4000
    """
    from csfnet_bundle.training.measure.training import Training, file_name
    from csfnet_bundle.training.measure.training import train_measure as train

    out = Path(out)
    file = out / file_name(fold) if model is None else Path(model)
    train(Training(Path(data), out, steps, fold, seed, bfloat16), file)
    print(f"network: {file}\ndescription: {file.with_suffix('.json')}")
