from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom import roi_set
from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.cohorts.phantom.roi_set import RoiSetSettings, make_roi_set
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import encode_clinical

SETTINGS = RoiSetSettings(pairs=3, seed=4, size=(16, 32, 32))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roi_set, "BLOCK", 2)


def test_a_set_is_made_of_the_subjects_rois_and_records(tmp_path: Path) -> None:
    made = make_roi_set(tmp_path, SETTINGS, show_progress=False)
    assert made.images.shape == (3, 2, 16, 32, 32)
    for number in range(3):
        subject = Subject(4, number)
        scan = render_scan(subject, 1, Region.ROI, roi_extent=(16.0, 32.0, 32.0))
        np.testing.assert_allclose(made.images[number, 1], scan.roi((16, 32, 32)).array, atol=0.5)
        np.testing.assert_array_equal(made.clinical[number], encode_clinical(subject.clinical))
        assert made.labels[number] == subject.label
        assert made.truth["subject"][number] == subject.patient_id
        assert 0 < made.truth["oracle_all"][number] < 1


def test_an_interrupted_set_goes_on_and_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_roi_set(tmp_path / "whole", replace(SETTINGS, pairs=4), show_progress=False)
    rendered = []
    original = roi_set._render_pair

    def counted(subject: Subject, settings: RoiSetSettings) -> np.ndarray:
        if len(rendered) == 3:
            raise KeyboardInterrupt
        rendered.append(subject.number)
        return original(subject, settings)

    monkeypatch.setattr(roi_set, "_render_pair", counted)
    with pytest.raises(KeyboardInterrupt):
        make_roi_set(tmp_path / "set", replace(SETTINGS, pairs=4), show_progress=False)
    monkeypatch.setattr(roi_set, "_render_pair", lambda subject, settings: original(subject, settings))
    short = make_roi_set(tmp_path / "set", SETTINGS, show_progress=False)
    np.testing.assert_array_equal(short.images, whole.images[:3])
    again = make_roi_set(tmp_path / "set", replace(SETTINGS, pairs=4), show_progress=False)
    np.testing.assert_array_equal(again.images, whole.images)
    assert rendered == [0, 1, 2]


def test_another_set_in_the_folder_is_rejected(tmp_path: Path) -> None:
    make_roi_set(tmp_path, replace(SETTINGS, pairs=1), show_progress=False)
    with pytest.raises(BundleError, match=r"ROIs with other settings: seed \(\d+ -> 5\)"):
        make_roi_set(tmp_path, replace(SETTINGS, pairs=1, seed=5), show_progress=False)
    with pytest.raises(BundleError, match="3 nodules a ROI, expected at least one pair and 1 or 2"):
        replace(SETTINGS, nodules=3)
