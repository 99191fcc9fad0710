import pytest

from csfnet_bundle.cohorts.nlst.movement import movement_problem


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((50, 10, 0), (60, 30, 40), None),
        ((10, 0, None), (-10, 0, None), None),
        ((-30, 0, 0), (25, 0, 0), "changed sides"),
        ((10, 0, 0), (10, 61, 0), "61 mm within the axial plane"),
        ((80, 0, 0), (80, 0, -76), "76 mm along the body"),
        ((80, 0, None), (80, 0, 200), None),
    ],
)
def test_movement(before, after, words):
    problem = movement_problem(before, after)
    assert problem is None if words is None else words in problem
