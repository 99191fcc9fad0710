"""Volumes become cases whose truth is the readers' inset outline."""

from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_spheres import ball_mm3
from helpers.lidc_folder import write_lidc_folder

from csfnet_bundle.studies.measuring.reader_boxes import reader_cases

PATIENTS = ["a", "b", "c", "d"]


def test_every_volume_is_a_case_of_its_patient_and_its_truth_is_inset(tmp_path: Path) -> None:
    cases = reader_cases(write_lidc_folder(tmp_path / "lidc", PATIENTS), tmp_path)
    assert [(case.name, case.patient) for case in cases] == [(f"{n}", patient) for n, patient in enumerate(PATIENTS)]
    case = next(case for case in cases if case.name == "1")
    assert (case.about["texture"], case.about["diameter_mm"], case.about["slice_mm"]) == (2, 10.0, 0.8)
    loaded = case.load()
    assert loaded.true_mask is not None
    assert loaded.true_volume_mm3 < ball_mm3(10.0)  # the mask's outermost half pixel is not the nodule's
    assert loaded.true_mask.sum() * 0.8**3 == pytest.approx(loaded.true_volume_mm3, rel=0.2)
    middle = np.argwhere(loaded.true_mask).mean(axis=0)
    np.testing.assert_allclose(middle, np.array(loaded.cube.hu.shape) / 2 - 0.5, atol=0.6)
