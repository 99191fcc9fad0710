from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic_series import (
    ORIENTATIONS,
    landmark_errors,
    landmarks_lps,
    make_affine,
    make_series,
    write_series,
)

from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_landmarks_are_in_their_place_in_every_orientation(orientation: str, tmp_path: Path) -> None:
    affine = make_affine(ORIENTATIONS[orientation])
    write_series(tmp_path, make_series(affine, orientation=ORIENTATIONS[orientation]))
    volume = read_volume(select_series(scan_folder(tmp_path)))
    assert landmark_errors(volume, landmarks_lps(affine)).max() < 0.1
    assert np.linalg.det(volume.affine[:3, :3]) > 0
