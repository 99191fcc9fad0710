"""What nodule weights say of ROIs unlike those that they were trained on."""

import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs, make_splits
from csfnet_bundle.studies.real_nodules.looks import nodule_domain
from csfnet_bundle.studies.real_nodules.volumes import filled_volumes

SIZE = (16, 24, 24)


@pytest.fixture(scope="module")
def cohort(boxed_cohort, tmp_path_factory):
    datalist = load_datalist(boxed_cohort)
    pairs = labelled_pairs(datalist)
    return datalist, pairs, filled_volumes(pairs, datalist.folder, tmp_path_factory.mktemp("cache"))


def test_a_nodule_in_lung_is_like_them_and_wall_and_air_are_not(cohort):
    datalist, pairs, volumes = cohort
    domain = nodule_domain(pairs, make_splits(datalist, 3), volumes, SIZE)
    depth, height, width = ((outer - inner) // 2 for outer, inner in zip(volumes.array.shape[2:], SIZE, strict=True))
    rois = volumes.array[:, 0, depth : depth + SIZE[0], height : height + SIZE[1], width : width + SIZE[2]]
    told = [domain.unlike_findings(np.stack([roi, roi]).astype(np.float32), (1, 1, 1)) for roi in rois]
    assert sum(map(bool, told)) <= 0.1 * len(pairs)
    noise = np.random.default_rng(0).normal(0, 20, SIZE)
    for level in (50, -1000):
        wrong = (level + noise).astype(np.float32)
        assert domain.unlike_findings(np.stack([wrong, wrong]), (1, 1, 1))


def test_each_fold_needs_more_nodules_than_statistics(cohort):
    datalist, pairs, volumes = cohort
    with pytest.raises(BundleError, match="too few to describe"):
        nodule_domain(pairs, make_splits(datalist, 2), volumes, SIZE)
