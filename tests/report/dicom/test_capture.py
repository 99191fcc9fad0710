"""Captures hold the pictures' pixels."""

import numpy as np
from helpers.predicted_pair import Predicted
from matplotlib.image import imread
from pydicom import Dataset, dcmread
from pydicom.uid import SecondaryCaptureImageStorage


def test_a_capture_has_the_pixels_of_the_picture(objects: dict[str, Dataset], predicted: Predicted) -> None:
    picture = np.rint(imread(predicted.out / "100042_1.png")[..., :3] * 255).astype(np.uint8)
    np.testing.assert_array_equal(objects["capture_1"].pixel_array, picture)


def test_they_are_numbered_images_of_one_series_in_the_study_of_t1(predicted: Predicted) -> None:
    captures = [dcmread(predicted.out / f"100042_1_capture_{number}.dcm") for number in (1, 2, 3)]
    assert [made.InstanceNumber for made in captures] == [1, 2, 3]
    assert len({made.SeriesInstanceUID for made in captures}) == 1
    first = predicted.slices["t1"][0]
    for made in captures:
        assert made.SOPClassUID == SecondaryCaptureImageStorage
        assert (made.StudyInstanceUID, made.PatientID) == (first.StudyInstanceUID, "100042")
        assert made.BurnedInAnnotation == "YES"
        assert "RESEARCH USE ONLY" in made.ImageComments
