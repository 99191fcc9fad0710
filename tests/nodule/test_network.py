import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.drawn_spheres import NETWORK, Thresholding, ball_mm3, sphere_cube

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.network import component_at_click, load_network
from csfnet_bundle.nodule.network_input import CLICK_MM, network_input


def test_the_input_is_scaled_density_and_a_mark_at_the_click() -> None:
    hu = torch.full((1, 8, 9, 10), -500.0)
    hu[0, 0, 0, 0], hu[0, 0, 0, 1] = 3000, -3000
    inputs = network_input(hu, torch.tensor([[2.0, 3.0, 4.0]]))
    assert inputs.shape == (1, 2, 8, 9, 10)
    assert inputs[0, 0, 0, 0, :3].tolist() == pytest.approx([1.8, -1.0, 0.0])
    assert inputs[0, 1].argmax() == (2 * 9 + 3) * 10 + 4
    assert inputs[0, 1, 2, 3, 7].item() == pytest.approx(np.exp(-((3 * 0.8) ** 2) / 2 / CLICK_MM**2))


def test_the_volume_is_the_sum_of_the_shares_of_the_component_at_the_click() -> None:
    cube = sphere_cube(10.0, noise=0)
    answer = NETWORK.segment([cube])[0]
    assert answer.mask is not None
    assert answer.volume_mm3 == pytest.approx(ball_mm3(10.0), rel=0.02)
    assert answer.other_share == 0


def test_another_component_is_not_added_and_is_told_of() -> None:
    one, two = sphere_cube(10.0, noise=0), sphere_cube(8.0, noise=0, offset=(0, 0, 16.0))
    cube = Cube(np.maximum(one.hu, two.hu), one.inside, one.affine)
    answer = NETWORK.segment([cube])[0]
    assert answer.volume_mm3 == pytest.approx(ball_mm3(10.0), rel=0.02)
    assert answer.other_share == pytest.approx(0.8**3, rel=0.1)
    moved = NETWORK.segment([cube.clicked((0, 0, 16.0))])[0]
    assert moved.volume_mm3 == pytest.approx(ball_mm3(8.0), rel=0.02)


def test_nothing_within_reach_of_the_click_is_nothing() -> None:
    cube = sphere_cube(6.0, offset=(0, 14.0, 0), noise=0)
    assert NETWORK.segment([cube])[0].mask is None
    assert component_at_click(np.zeros(cube.hu.shape, np.float32), cube).volume_mm3 == 0


def written(folder: Path, sha256: str | None = None) -> Path:
    file = folder / "net.ts"
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.trace(Thresholding(), torch.zeros(1, 2, 4, 4, 4)), file)
    digest = sha256 or hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_suffix(".json").write_text(json.dumps({"sha256": digest}))
    return file


def test_a_file_is_taken_only_with_its_own_description(tmp_path: Path) -> None:
    file = written(tmp_path)
    network = load_network(file)
    cube = sphere_cube(9.0)
    assert network.segment([cube])[0].volume_mm3 == pytest.approx(NETWORK.segment([cube])[0].volume_mm3)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(BundleError, match="SHA-256"):
        load_network(written(other, "0" * 64))
    with pytest.raises(BundleError, match="no network"):
        load_network(tmp_path / "absent.ts")
