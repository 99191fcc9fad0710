"""A compact opacity near the place is told of; vessels, the nodule itself and the chest wall are not."""

import numpy as np
import pytest

from csfnet_bundle.geometry import Volume
from csfnet_bundle.scans.nearby import nearest_opacity, opacity_finding

LUNG, CONTRAST = -850.0, 800.0
PLACE = np.array([3.0, -2.0, 5.0])


def block(*balls: tuple[tuple[float, float, float], float], vessel: bool = False) -> Volume:
    """Lung with balls (centre in LPS mm, radius) and a vessel through it all."""
    affine = np.diag([0.9, 0.9, 1.5, 1.0])
    affine[:3, 3] = PLACE - [36, 36, 36]
    index = np.stack(np.meshgrid(np.arange(81), np.arange(81), np.arange(49), indexing="ij")).astype(float)
    places = np.tensordot(affine[:3, :3], index, axes=1) + affine[:3, 3][:, None, None, None]
    hu = np.full(index.shape[1:], LUNG)
    for center, radius in balls:
        distance = np.linalg.norm(places - np.array(center)[:, None, None, None], axis=0)
        hu += np.clip(radius - distance + 0.5, 0, 1) * (-50.0 - hu)
    if vessel:
        away = np.hypot(places[1] - PLACE[1] - 9, places[2] - PLACE[2])
        hu += np.clip(3 - away, 0, 1) * (-50.0 - hu)
    return Volume(hu.astype(np.float32), affine)


def test_the_nearest_of_two_is_named_with_its_place() -> None:
    near, far = PLACE + np.array([0, 11, 0]), PLACE + np.array([-12, 0, 9])
    scan = block((tuple(PLACE), 4.0), (tuple(near), 3.0), (tuple(far), 4.0))
    found = nearest_opacity(scan, PLACE, LUNG, CONTRAST)
    assert found is not None
    assert found[0] == pytest.approx(11, abs=0.5)
    np.testing.assert_allclose(found[1], near, atol=0.5)
    told = opacity_finding(found[1], PLACE)
    assert "another opacity 11 mm from the place (11 mm posterior): LPS " in told
    shown = told.split("LPS ")[1].split(" ")[0].rstrip(".")
    np.testing.assert_allclose([float(value) for value in shown.split(",")], near, atol=0.55)


@pytest.mark.parametrize(
    "scan",
    [
        block((tuple(PLACE), 4.0)),
        block(vessel=True),
        block((tuple(PLACE + np.array([20, 0, 0])), 9.0)),
        block((tuple(PLACE), 1.5)),
    ],
    ids=["the nodule itself", "a vessel", "too far and cut", "too small"],
)
def test_what_is_no_other_opacity_is_not_told_of(scan: Volume) -> None:
    assert nearest_opacity(scan, PLACE, LUNG, CONTRAST) is None


def test_what_is_much_fainter_than_the_nodule_does_not_count() -> None:
    scan = block((tuple(PLACE + np.array([10, 0, 0])), 4.0))
    assert nearest_opacity(scan, PLACE, LUNG, CONTRAST) is not None
    assert nearest_opacity(scan, PLACE, LUNG, 2.5 * CONTRAST) is None
