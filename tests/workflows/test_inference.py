"""Inference through the config that users run: table, pictures, reports and attention agree with each other."""

import logging
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from helpers.direct_prediction import direct_logits
from helpers.drawn_spheres import measuring_by_threshold
from helpers.workflow_runs import make_workflow

from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.report.words import percent

SAME_LOGIT = 1e-4
SUBJECTS = ("100033", "100034")


@pytest.fixture(scope="module")
def predicted(trained: Path, small_cohort: Path, roi_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of inference with the training's own model; all that it does by default."""
    output = tmp_path_factory.mktemp("predicted")
    workflow = make_workflow(
        "inference",
        ["inference.json"],
        dataset_dir=str(small_cohort),
        cache_dir=str(roi_cache),
        training_dir=str(trained),
        output_dir=str(output),
        clicks=True,
        measure=True,
    )
    with measuring_by_threshold():
        workflow.run()
    return output


def _pair(cohort: Path, subject: str) -> FollowUpPair:
    return next(pair for pair in load_datalist(cohort).section("inference") if pair.subject == subject)


def test_predictions_are_those_of_the_model(predicted: Path, trained: Path, small_cohort: Path) -> None:
    checkpoint = load_checkpoint(trained / "model.pt")
    expected = direct_logits(checkpoint, small_cohort, "inference")
    table = read_predictions(predicted / "predictions.csv", labelled=False)
    assert table["subject"].tolist() == list(expected) == list(SUBJECTS)
    np.testing.assert_allclose(table["logit"], list(expected.values()), atol=SAME_LOGIT)
    np.testing.assert_allclose(
        table["probability"], 1 / (1 + np.exp(-table["logit"] / checkpoint.decision.temperature))
    )
    assert table["label"].isna().all()
    assert set(table["weights_trained_on"]) == {"small test cohort"}


def test_nothing_else_is_written(predicted: Path) -> None:
    endings = ("_1.png", "_1.html", "_1_attention.nii.gz")
    expected = {"predictions.csv", *(subject + ending for subject in SUBJECTS for ending in endings)}
    assert {path.name for path in predicted.iterdir()} == expected


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_report_and_the_picture_show_the_pair(predicted: Path, subject: str) -> None:
    table = read_predictions(predicted / "predictions.csv", labelled=False).set_index("subject")
    report = (predicted / f"{subject}_1.html").read_text()
    assert subject in report
    assert percent(table.loc[subject, "probability"]) in report
    assert "phantom" in report
    picture = SimpleITK.ReadImage(str(predicted / f"{subject}_1.png"))
    assert min(picture.GetSize()[:2]) > 300


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_attention_lies_around_the_nodule_point_of_t1(predicted: Path, small_cohort: Path, subject: str) -> None:
    """Read by two libraries that each have their own idea of space: nibabel (RAS) and SimpleITK (LPS)."""
    pair, path = _pair(small_cohort, subject), predicted / f"{subject}_1_attention.nii.gz"
    image = nib.load(path)
    assert image.shape == (32, 32, 16)  # the ROI of the model, axes (x, y, z)
    middle = [*((np.array(image.shape) - 1) / 2), 1.0]
    # The cohort's scans have the identity as affine, so that voxel indices are RAS mm.
    np.testing.assert_allclose((image.affine @ middle)[:3], pair.t1.point.coordinates, atol=1e-3)
    x, y, z = pair.t1.point.coordinates
    itk = SimpleITK.ReadImage(str(path))
    np.testing.assert_allclose(itk.TransformContinuousIndexToPhysicalPoint(middle[:3]), (-x, -y, z), atol=1e-3)
    scan = SimpleITK.ReadImage(str(small_cohort / pair.t1.path))
    inside = scan.TransformPhysicalPointToContinuousIndex(itk.TransformContinuousIndexToPhysicalPoint(middle[:3]))
    np.testing.assert_allclose(inside, pair.t1.point.coordinates, atol=1e-3)
    assert image.get_fdata().min() >= 0


def test_labelled_pairs_can_be_predicted(run: Callable[..., None], trained: Path, tmp_path: Path) -> None:
    settings = {"training_dir": str(trained), "output_dir": str(tmp_path), "sections": ["test"], "batch_size": 3}
    run("inference", ["inference.json"], **settings)
    assert read_predictions(tmp_path / "predictions.csv")["label"].tolist() == [0, 1] * 4


def test_the_roi_follows_the_model(trained: Path, small_cohort: Path, caplog: pytest.LogCaptureFixture) -> None:
    workflow = make_workflow("inference", ["inference.json"], dataset_dir=str(small_cohort), training_dir=str(trained))
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        roi = workflow.parser.get_parsed_content("roi")
    assert roi == load_checkpoint(trained / "model.pt").roi.to_plain()
    assert "trained on: small test cohort" in caplog.text
