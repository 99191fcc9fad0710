"""Areas of folds, pooled and within, beside the diameter."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.studies.real_nodules.judging import DIAMETER, FoldScores, fit_scale, judge

GENERATOR_SEED = 0


def nodule(number, label, rating, diameter):
    strata = {"malignancy_rating": rating, "diameter_mm": diameter, "texture": 5 if number % 3 else 1}
    scan = Scan("a.nii.gz", Point((0, 0, 0), Space.VOXEL))
    return FollowUpPair(subject=f"p{number // 2}", nodule=str(number), t1=scan, label=label, strata=strata)


def folds(scale=(1.0, 5.0), offset=(0.0, 3.0), nodules=120):
    """Two folds of a network whose logits differ in scale and offset from fold to fold."""
    generator = np.random.default_rng(GENERATOR_SEED)
    made = []
    for fold, (slope, shift) in enumerate(zip(scale, offset, strict=True)):
        labels = generator.integers(0, 2, (2, nodules))
        truth = labels + generator.normal(0, 0.8, labels.shape)
        logits = slope * truth + shift
        size = labels + generator.normal(0, 1.5, labels.shape)
        pairs = tuple(
            nodule(1000 * fold + place, int(label), int(np.clip(round(2 + 2 * label + noise), 1, 5)), 4 + 14 * share)
            for place, (label, noise, share) in enumerate(
                zip(labels[1], generator.normal(0, 0.7, nodules), generator.uniform(0, 1, nodules), strict=True)
            )
        )
        scores = ({"net": logits[part], DIAMETER: size[part]} for part in (0, 1))
        made.append(FoldScores(*scores, labels[0], pairs))
    return made


def test_pooling_does_not_lose_what_the_folds_have():
    two = folds()
    row = judge(two, ["net"])["net"]
    within = np.mean([roc_auc_score([pair.label for pair in fold.pairs], fold.test["net"]) for fold in two])
    assert row["within_folds"] == pytest.approx(within, abs=1e-4)
    assert row["auc"] == pytest.approx(within, abs=0.02)
    labels = [pair.label for fold in two for pair in fold.pairs]
    raw = roc_auc_score(labels, np.concatenate([fold.test["net"] for fold in two]))
    assert raw < row["auc"] - 0.05, "logits pooled as they are lose it"


def test_a_row_has_all_that_is_reported():
    two = folds()
    rows = judge(two, [DIAMETER, "net"])
    assert "difference" not in rows[DIAMETER]
    row = rows["net"]
    assert row["difference"] == pytest.approx(row["auc"] - rows[DIAMETER]["auc"], abs=2e-4)
    assert row["difference_lower"] < row["difference"] < row["difference_upper"]
    assert row["lower"] < row["auc"] < row["upper"]
    everyone = [(pair.strata["malignancy_rating"], pair.label) for fold in two for pair in fold.pairs]
    benign, malignant = (sum(one in kind for one in everyone) for kind in ({(1, 0), (2, 0)}, {(4, 1), (5, 1)}))
    assert (1, 1) in everyone or (2, 1) in everyone, "a rating that contradicts its label is not clear"
    assert (row["clear"]["nodules"], row["clear"]["malignant"]) == (benign + malignant, malignant)
    assert sum(group["nodules"] for group in row["size"].values()) == 240
    assert set(row["texture"]) == {"ground glass (texture 1-2)", "solid (texture 5)"}


def test_means_and_sums_of_calibrated_logits():
    (fold, _) = folds()
    fold.test["other"], fold.validation["other"] = 3 * fold.test["net"], 3 * fold.validation["net"]
    fold.add_mean("mean", ["net", "other"])
    np.testing.assert_allclose(fold.test["mean"], fold.calibrated("net")[1], rtol=1e-3)
    fold.add_sum("sum", ["net", DIAMETER])
    np.testing.assert_allclose(fold.test["sum"], fold.calibrated("net")[1] + fold.calibrated(DIAMETER)[1])
    areas = {name: roc_auc_score([pair.label for pair in fold.pairs], fold.test[name]) for name in ("net", "sum")}
    assert areas["sum"] > areas["net"]


def test_the_scale_is_that_of_the_logits():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, 4000)
    labels = (generator.uniform(size=4000) < 1 / (1 + np.exp(-(0.5 * logits + 1)))).astype(int)
    assert fit_scale(logits, labels) == pytest.approx((0.5, 1.0), abs=0.1)


def test_separated_and_reversed_validation_sets():
    logits, labels = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1])
    slope, _ = fit_scale(logits, labels)
    assert 0 < slope < 10
    assert fit_scale(logits, 1 - labels) == (1.0, 0.0)
