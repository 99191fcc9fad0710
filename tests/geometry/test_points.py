import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space

AFFINE = np.array([[0.7, 0, 0, -150], [0, 0.7, 0, -160], [0, 0, 2.5, -300], [0, 0, 0, 1]])
coordinates = st.tuples(*[st.floats(-500, 500)] * 3)


@given(coordinates)
def test_the_spaces_agree(point: tuple[float, float, float]) -> None:
    x, y, z = point
    voxel = np.linalg.inv(AFFINE) @ [x, y, z, 1.0]
    for same in (
        Point(point, Space.LPS),
        Point((-x, -y, z), Space.RAS),
        Point(tuple(voxel[:3].tolist()), Space.VOXEL),
    ):
        np.testing.assert_allclose(same.lps(AFFINE), point, atol=1e-9)


def test_words_from_a_datalist_name_the_space() -> None:
    assert Point((1, 2, 3), "voxel").space is Space.VOXEL  # type: ignore[arg-type]
    assert Point(["1", "2.5", "-3"], "LPS").coordinates == (1.0, 2.5, -3.0)  # type: ignore[arg-type]


def test_the_text_of_a_command_line_is_taken() -> None:
    assert Point("1,2.5,-3", "RAS").coordinates == (1.0, 2.5, -3.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("point", "space", "words"),
    [
        ((1, 2, 3), "LSP", "LPS, RAS"),
        ((1, 2), "LPS", "three numbers"),
        ((1, 2, 3, 4), "LPS", "three numbers"),
        ((1, 2, None), "LPS", "three numbers"),
        (("x", 2, 3), "LPS", "three numbers"),
        (5, "LPS", "three numbers"),
        ("1,2", "LPS", "three numbers"),
        ("123", "LPS", "three numbers"),
        ((1, 2, float("nan")), "LPS", "finite"),
        ((1, float("inf"), 3), "LPS", "finite"),
    ],
)
def test_what_is_no_point_is_refused(point: object, space: str, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        Point(point, space)  # type: ignore[arg-type]
