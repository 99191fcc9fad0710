"""``benchmark-training``: pairs a second of the loaders, of a training step, and of both."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.options import Whole


def benchmark_training(
    out: Path | None = None,
    pairs: int = 512,
    batch_size: int = 64,
    step_batch_size: int | None = None,
    seconds: float = 5.0,
    workers: int = 2,
    system: str = "csfnet",
    width: float = 1.0,
    amp: bool = False,
    roi_size: Whole = (16, 64, 64),
    threads: int | None = None,
    device_name: str = "cpu",
) -> None:
    """Measure how fast a training can be on this machine, on drawn ROIs, and print a table.

    Loaders are timed with augmentation and without a network: from memory as configs/in_memory.json has it, and from a
    ROI store as configs/train.json does. The step is forward pass, backward pass and optimizer.

    Args:
        out: write the figures here, JSON.
        pairs: in the set, 1.4 MB each.
        batch_size: pairs in a batch.
        step_batch_size: pairs in a batch of the training step; by default the same.
        seconds: of each measurement.
        workers: processes that read from the store.
        system: the network, by its name.
        width: of the network, as a share of the paper's.
        amp: forward pass in bfloat16.
        roi_size: voxels (D, H, W).
        threads: of the processor, for the network; by default all.
        device_name: cpu, cuda or cuda:N.

    Examples:
        csfnet benchmark-training --width 0.125 --batch_size 16 --amp
        csfnet benchmark-training --device_name cuda --amp --pairs 4096
    """
    import torch

    from csfnet_bundle.core.errors import BundleError
    from csfnet_bundle.inputs import RoiSettings
    from csfnet_bundle.studies.training_speed import SpeedOptions, measure_training_speed

    if len(roi_size) != 3 or min(pairs, batch_size, *roi_size) < 1 or seconds <= 0:
        raise BundleError("pairs, batch_size, seconds and three voxels of roi_size must be positive")
    if threads is not None:
        torch.set_num_threads(threads)
    size = (roi_size[0], roi_size[1], roi_size[2])
    roi = RoiSettings(size)
    measure_training_speed(
        SpeedOptions(
            pairs, batch_size, step_batch_size or batch_size, seconds, workers, system, width, amp, roi, device_name
        ),
        out,
    )
