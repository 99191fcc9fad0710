import json
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.cohorts.phantom.reader_masks import read_outlines
from csfnet_bundle.core.errors import BundleError

AFFINE = np.diag([0.7, 0.7, 2.5, 1.0])
AFFINE[:3, 3] = -100, -90, -300
SHAPE = (100, 90, 20)


def square(low: int, high: int, k: int, *, inclusion: bool = True) -> dict[str, object]:
    corners = [[low, low + 5], [high, low + 5], [high, high + 5], [low, high + 5]]
    return {"z": -300 + 2.5 * k, "inclusion": inclusion, "row_col": corners}


def write(path: Path, readers: list[list[dict[str, object]]]) -> Path:
    nodule = {"contours": readers, "diameter_mm": [10.0 + n for n in range(len(readers))]}
    path.write_text(json.dumps({"patient": {"series": "1.2.3", "nodules": [nodule]}}))
    return path


def test_half_of_the_readers_make_a_voxel(tmp_path: Path) -> None:
    readers = [[square(20, 40, 7)], [square(20, 40, 7)], [square(30, 50, 7)], [square(60, 70, 7)]]
    (nodule,) = read_outlines(write(tmp_path / "n.json", readers), "1.2.3", AFFINE, SHAPE)
    i, j, k = np.nonzero(nodule.mask)
    assert (i.min(), i.max(), set(k.tolist())) == (21, 39, {7})
    assert (j.min(), j.max()) == (26, 44)
    np.testing.assert_allclose(nodule.center, [30, 35, 7], atol=0.5)
    assert (nodule.readers, nodule.diameter_mm) == (4, 11.5)


def test_an_exclusion_is_a_hole(tmp_path: Path) -> None:
    readers = [[square(20, 40, 7), square(27, 33, 7, inclusion=False)]]
    (nodule,) = read_outlines(write(tmp_path / "n.json", readers), "1.2.3", AFFINE, SHAPE)
    assert not nodule.mask[30, 35, 7]
    assert nodule.mask[22, 35, 7]


def test_other_series_and_contours_between_slices_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "n.json", [[square(20, 40, 7)]])
    with pytest.raises(BundleError, match="no outlines of series 9"):
        read_outlines(path, "9", AFFINE, SHAPE)
    contour = square(20, 40, 7) | {"z": -281.2}
    with pytest.raises(BundleError, match="lies on no slice"):
        read_outlines(write(tmp_path / "m.json", [[contour]]), "1.2.3", AFFINE, SHAPE)
