from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, ball_mm3, sphere_volume

from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.scans.scan import open_scan


@pytest.fixture(scope="module")
def nifti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    volume = sphere_volume(10.0, center=(5.0, -4.0, 3.0))
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    nib.save(nib.Nifti1Image(np.rint(volume.array).astype(np.int16), LPS_FROM_RAS @ volume.affine), path)
    return path


def test_a_file_is_measured_as_the_volume_in_memory(nifti: Path) -> None:
    point = Point((5.0, -4.0, 3.0), Space.LPS)
    of_file = measure(open_scan(nifti), point, network=NETWORK)
    in_memory = measure(sphere_volume(10.0, center=(5.0, -4.0, 3.0)), point, network=NETWORK)
    assert of_file.volume_mm3 == pytest.approx(in_memory.volume_mm3, rel=0.01)
    assert of_file.volume_mm3 == pytest.approx(ball_mm3(10.0), rel=0.15)
    assert of_file.cube.slice_spacing_mm == pytest.approx(1.0)
    assert of_file.scanner == ""
    np.testing.assert_allclose(of_file.cube.affine, in_memory.cube.affine, atol=1e-4)


def test_a_point_outside_is_refused_before_anything_is_read(nifti: Path) -> None:
    with pytest.raises(Refusal, match="POINT_OUTSIDE"):
        measure(open_scan(nifti), Point((500.0, 0, 0), Space.LPS), network=NETWORK)
