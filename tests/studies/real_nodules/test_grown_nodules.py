"""Real nodules that were made to grow or shrink."""

import numpy as np
import pytest

from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark.splits import labelled_pairs
from csfnet_bundle.studies.real_nodules import grown_nodules as module
from csfnet_bundle.studies.real_nodules.grown_nodules import RATIOS, grown_nodules

SIZE = (16, 24, 24)


@pytest.fixture(scope="module")
def cohort(boxed_cohort):
    datalist = load_datalist(boxed_cohort)
    return datalist.folder, labelled_pairs(datalist)[:12:2]


def test_the_nodule_has_the_drawn_volume(cohort, tmp_path):
    folder, pairs = cohort
    grown = grown_nodules(pairs, folder, tmp_path, SIZE)
    assert grown.images.shape == (len(grown.names), 2, *SIZE)
    assert (np.abs(grown.log_ratio) <= max(np.abs(np.log(RATIOS)))).all()
    tissue = (grown.images > -410).sum(axis=(2, 3, 4))  # mm3: balls of 30 HU in lung of -850 HU
    inside = (grown.log_ratio == 0) | (tissue.max(axis=1) < 800)  # a ball of 800 mm3 lies within the ROI
    measured = np.log(tissue[:, 1] / tissue[:, 0])
    assert inside.sum() >= 3
    np.testing.assert_allclose(measured[inside], grown.log_ratio[inside], atol=0.35)
    one = grown.of(pairs[:1])
    assert set(one.names) <= {pairs[0].name}


def test_an_interrupted_run_goes_on_and_gives_the_same(cohort, tmp_path, monkeypatch):
    folder, pairs = cohort
    monkeypatch.setattr(module, "BLOCK", 1)
    first = grown_nodules(pairs[:2], folder, tmp_path, SIZE)
    blocks = sorted(tmp_path.rglob("*.npz"))
    assert len(blocks) == 2
    blocks[0].unlink()
    before = blocks[1].stat().st_mtime_ns
    again = grown_nodules(pairs[:2], folder, tmp_path, SIZE)
    assert blocks[1].stat().st_mtime_ns == before
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.log_ratio, again.log_ratio)
