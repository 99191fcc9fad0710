"""A small cohort of boxed nodules, made by the command that makes the real one."""

import math

import nibabel
import numpy as np
import pytest
from helpers.nlst_files import write_csv

from csfnet_bundle.cohorts.lidc_voi import COLUMNS, READERS_OPINIONS
from csfnet_bundle.commands import main
from csfnet_bundle.studies.real_nodules import follow_up, pretraining
from csfnet_bundle.studies.real_nodules.recipe import Recipe, Schedule

NODULES = 24


@pytest.fixture(scope="session")
def boxed_cohort(tmp_path_factory):
    """Balls in lung, the larger half malignant, one a patient; their masks, and ratings that follow the size."""
    source, out = tmp_path_factory.mktemp("voi"), tmp_path_factory.mktemp("cohort")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(NODULES):
        radius = 2 + 5 * number / NODULES
        half = int(radius / 0.8) + 8
        shape, affine = (2 * half, 2 * half, 8), np.diag([-0.8, -0.8, 2.0, 1.0])
        axes = [mm * (np.arange(n) - (n - 1) / 2) for n, mm in zip(shape, (0.8, 0.8, 2.0), strict=True)]
        x, y, z = np.meshgrid(*axes, indexing="ij")
        mask = np.sqrt(x**2 + y**2 + z**2) < radius
        voxels = np.where(mask, 30, -850) + generator.normal(0, 20, shape)
        for kind, array in (("image", voxels.astype(np.int16)), ("nodule_mask", mask.astype(np.uint8))):
            (source / kind).mkdir(exist_ok=True)
            nibabel.save(nibabel.Nifti1Image(array, affine), source / kind / f"{number}.nii.gz")
        middle = [0.8 * (half - 0.5), 0.8 * (half - 0.5), 2.0 * 3.5]  # LPS: x and y of the NIfTI affine negated
        rating = 1 + 4 * number // NODULES
        opinions = [rating, *[int(value) for value in generator.integers(1, 6, len(READERS_OPINIONS) - 1)]]
        rows.append([f"{number}.nii.gz", f"P{number:02}", 1, *middle, 2 * radius, int(rating > 2), *opinions])
    write_csv(source / "labels.csv", [*COLUMNS, *READERS_OPINIONS], rows)
    assert main(["cohort", "lidc-voi", "--dir", str(source), "--out", str(out), "--folds", "2"]) == 0
    return out


@pytest.fixture
def tiny_recipe():
    """A recipe of seconds."""
    network = {
        "name": "NoduleNetwork",
        "widths": [[8], [8]],
        "roi_size": [16, 24, 24],
        "view_size": [4, 8, 8],
        "view_spacings": [1.5, 3.0],
    }
    return Recipe("tiny", network, pretraining_steps=4, epochs=2, schedule=Schedule(batch_size=4))


@pytest.fixture
def any_factor(monkeypatch):
    """An encoder of a few steps reads nothing off a dozen phantoms: the factor's sign is chance."""
    monkeypatch.setattr(follow_up, "LEAST_FACTOR", -math.inf)


@pytest.fixture
def few_drawn(monkeypatch):
    """A bank of as many drawn nodules as a test needs."""
    monkeypatch.setattr(pretraining, "DRAWN", 32)
