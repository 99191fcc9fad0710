"""configs/boxed_volumes.json and phantom_start.json: what a training on volumes cut out around nodules reads."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from helpers.workflow_runs import TRAIN, make_workflow

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

BOXED = [*TRAIN, "boxed_volumes.json"]
BOX = (12, 14, 6)
"""Voxels (i, j, k) of 1 mm: far less than the ROI."""


@pytest.fixture(scope="module")
def boxed_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight nodule volumes without a t0: lung, and a core whose density differs."""
    folder = tmp_path_factory.mktemp("boxed")
    pairs = []
    for number in range(8):
        values = np.full(BOX, -850, np.int16)
        values[4:8, 5:9, 2:4] = 50 * number
        nib.Nifti1Image(values, np.eye(4)).to_filename(folder / f"{number}.nii")
        middle = Point(tuple((edge - 1) / 2 for edge in BOX), Space.VOXEL)
        pairs.append(FollowUpPair(f"P{number}", "1", Scan(f"{number}.nii", middle), label=number % 2))
    save_datalist(Datalist(folder, {"training": tuple(pairs[:4]), "validation": tuple(pairs[4:])}, {"name": "boxes"}))
    return folder


def _visible(image: torch.Tensor) -> list[int]:
    """How many voxels of t1 stand out of the padding along D, H and W."""
    scan = torch.as_tensor(image)[1]
    inside = (scan - scan[0, 0, 0]).abs() > 1e-4
    return [int(inside.any(dim=tuple({0, 1, 2} - {axis})).sum()) for axis in range(3)]


def test_training_pads_and_validation_does_not(boxed_cohort: Path, tmp_path: Path) -> None:
    workflow = make_workflow(
        "training",
        BOXED,
        system="t1_image",
        dataset_dir=str(boxed_cohort),
        cache_dir=str(tmp_path),
        **{"augmentation#flip_probability": 0.0, "augmentation#shift_probability": 0.0, "box_padding#prob": 1.0},
    )
    parser = workflow.parser
    training = parser.get_parsed_content("train#dataset")
    extents = [tuple(_visible(training[0]["image"])) for _ in range(20)]
    assert len(set(extents)) > 3
    smallest = [edge - 2 * int(0.2 * edge) for edge in (6, 14, 12)]
    for extent in extents:
        # Quarter turns in plane may exchange H and W; nothing else moves.
        assert smallest[0] <= extent[0] <= 6
        assert min(smallest[1:]) <= min(extent[1:]) <= max(extent[1:]) <= 14
    assert _visible(parser.get_parsed_content("validate#dataset")[0]["image"]) == [6, 14, 12]
    workflow.finalize()


def test_a_restart_with_other_padding_is_refused(boxed_cohort: Path, run: Callable[..., None], tmp_path: Path) -> None:
    settings = {
        "system": "t1_image",
        "dataset_dir": str(boxed_cohort),
        "cache_dir": str(tmp_path / "cache"),
        "output_dir": str(tmp_path / "out"),
        "width": 1 / 64,
        "train#trainer#max_epochs": 1,
    }
    run("training", BOXED, **settings)
    assert load_checkpoint(tmp_path / "out" / "model.pt").architecture["scans"] == "t1"
    run("training", BOXED, **settings)  # finished: nothing is done
    with pytest.raises(RuntimeError) as error:
        run("training", BOXED, **settings, **{"box_padding#largest_share": 0.3})
    assert "other settings: box_padding" in str(bundle_error_in(error.value))


def test_it_starts_from_the_phantoms_weights(boxed_cohort: Path, tmp_path: Path) -> None:
    workflow = make_workflow(
        "training",
        [*TRAIN, "phantom_start.json", "boxed_volumes.json"],
        system="t1_image",
        dataset_dir=str(boxed_cohort),
        cache_dir=str(tmp_path),
    )
    transfer = workflow.parser.get_parsed_content("transfer")
    # CSF-Net's head sees clinical tokens too, so that its first layer alone does not fit.
    assert transfer.fresh == ("head.0.weight",)
    assert "phantom" in transfer.trained_on
    workflow.finalize()
