from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.medst_cohort import GROWTH, ROI
from numpy.typing import NDArray
from PIL import Image

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import RadiographFiles, RoiPlace, Study, StudyViews, study_sequences

EDGE = 64
WIDE: dict[str, Any] = {"size": [16, EDGE, EDGE], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}
"""A ROI whose longer edge has the pixels of a view: nothing is resized."""
PROJECTIONS = (np.max, np.mean, np.min)


@pytest.fixture(scope="module")
def ct_studies(screens: Path) -> tuple[Study, ...]:
    """The three studies of a nodule that grows."""
    return next(one.studies for one in study_sequences(screens, "test") if GROWTH[int(one.patient) % 100_000 % 3] > 1)


def _study(frontal: Path | None, lateral: Path | None = None) -> Study:
    return Study(f"{frontal}+{lateral}", "p1", "", RadiographFiles(frontal, lateral))


def _saved(path: Path, values: NDArray[Any]) -> Path:
    Image.fromarray(values).save(path)
    return path


def _picture(path: Path) -> torch.Tensor:
    return StudyViews(["frontal"], "tiny", ROI, None)(_study(path))[0][0]


def _noise(rows: int, columns: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (rows, columns), dtype=np.uint8)


@pytest.mark.parametrize(("rows", "columns"), [(40, EDGE), (EDGE, 40), (EDGE, EDGE)])
def test_a_radiograph_is_padded_to_a_square(tmp_path: Path, rows: int, columns: int) -> None:
    values = _noise(rows, columns)
    expected = np.zeros((EDGE, EDGE))
    above, left = (EDGE - rows) // 2, (EDGE - columns) // 2
    expected[above : above + rows, left : left + columns] = values / 255
    picture = _picture(_saved(tmp_path / "picture.png", values))
    assert picture.shape == (3, EDGE, EDGE)
    for channel in picture:
        np.testing.assert_allclose(channel, expected, atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(200, 100), (100, 200), (30, 50)])
def test_a_radiograph_is_not_stretched(tmp_path: Path, rows: int, columns: int) -> None:
    """A square in the middle of a larger or smaller picture stays one, of the share of the longer edge that it had."""
    values = np.zeros((rows, columns), np.uint8)
    values[rows // 2 - 10 : rows // 2 + 10, columns // 2 - 10 : columns // 2 + 10] = 255
    picture = _picture(_saved(tmp_path / "picture.png", values))[0]
    middle = EDGE // 2
    height, width = float(picture[:, middle].sum()), float(picture[middle].sum())
    assert height == pytest.approx(width, abs=0.01)
    assert height == pytest.approx(20 * EDGE / max(rows, columns), abs=0.2)


def test_8_and_16_bits_give_the_same_picture(tmp_path: Path) -> None:
    values = _noise(50, 70)
    eight = _picture(_saved(tmp_path / "8.png", values))
    sixteen = _picture(_saved(tmp_path / "16.png", values.astype(np.uint16) * 257))
    torch.testing.assert_close(eight, sixteen)
    assert 0 < eight.max() <= 1


def test_16_bits_keep_what_8_cannot_hold(tmp_path: Path) -> None:
    ramp = np.linspace(10_000, 10_200, EDGE * EDGE).reshape(EDGE, EDGE).astype(np.uint16)
    picture = _picture(_saved(tmp_path / "ramp.png", ramp))[0]
    np.testing.assert_allclose(picture, ramp / 65535, atol=1e-6)


def test_a_gray_picture_in_colours_is_the_same(tmp_path: Path) -> None:
    values = _noise(EDGE, EDGE)
    coloured = _saved(tmp_path / "colours.png", np.stack([values] * 3, axis=-1))
    torch.testing.assert_close(_picture(coloured), _picture(_saved(tmp_path / "gray.png", values)))


def test_an_absent_view_is_zeros_and_not_present(tmp_path: Path) -> None:
    path = _saved(tmp_path / "picture.png", _noise(20, 20))
    give = StudyViews(["lateral", "frontal"], "tiny", ROI, None)
    for study, there in ((_study(path), [False, True]), (_study(None, path), [True, False])):
        pictures, present = give(study)
        assert present.dtype is torch.bool
        assert present.tolist() == there
        assert [bool(picture.any()) for picture in pictures] == there


def test_a_black_picture_is_present(tmp_path: Path) -> None:
    pictures, present = StudyViews(["frontal"], "tiny", ROI, None)(
        _study(_saved(tmp_path / "black.png", np.zeros((9, 9), np.uint8)))
    )
    assert not pictures.any()
    assert present.all()


def test_a_view_of_ct_is_a_projection_of_the_roi(ct_studies: tuple[Study, ...]) -> None:
    """In the order of the names, not in that of the axes."""
    give = StudyViews(["sagittal", "axial", "coronal"], "tiny", WIDE, None)
    roi = give.region(ct_studies[1]).numpy()
    assert roi.shape == (16, EDGE, EDGE)
    pictures, present = give(ct_studies[1])
    assert present.tolist() == [True] * 3
    for picture, axis in zip(pictures, (2, 0, 1), strict=True):
        low = axis != 0  # 16 rows of voxels in the middle of 64 rows of pixels
        shown = picture[:, 24:40] if low else picture
        np.testing.assert_allclose(shown, [project(roi, axis=axis) for project in PROJECTIONS], atol=1e-6)
        assert not low or not picture[:, :24].any()
        assert not low or not picture[:, 40:].any()


def test_the_roi_is_the_scan_through_the_window(ct_studies: tuple[Study, ...]) -> None:
    """The scans are balls of 40 HU in -850 HU, with noise of 20 HU, in the middle of the ROI."""
    window = (-1200.0, 600.0)
    roi = StudyViews(["axial"], "tiny", {**WIDE, "window": list(window)}, None).region(ct_studies[0]).numpy()
    for voxel, value in ((roi[8, 32, 32], 40), (roi[8, 32, 20], -850)):
        assert voxel == pytest.approx((value - window[0]) / (window[1] - window[0]), abs=100 / (window[1] - window[0]))
    narrow = StudyViews(["axial"], "tiny", {**WIDE, "window": [-500.0, -100.0]}, None).region(ct_studies[0])
    assert narrow[8, 32, [32, 20]].tolist() == [1, 0], "values beyond the window are cut"


def test_every_study_shows_its_own_scan(ct_studies: tuple[Study, ...]) -> None:
    """The nodule's shadow has the area of the ball that was drawn for this screen."""
    give = StudyViews(["axial"], "tiny", WIDE, None)
    for screen, study in enumerate(ct_studies):
        maximum = give(study)[0][0, 0]
        ball = (40 + 1200) / 1800
        lung = (-850 + 1200) / 1800
        area = int((maximum > (ball + lung) / 2).sum())
        assert area == pytest.approx(np.pi / 4 * (8.0 * GROWTH[1] ** screen) ** 2, rel=0.15)


def test_a_study_is_read_once_where_views_are_kept(tmp_path: Path) -> None:
    path = _saved(tmp_path / "picture.png", _noise(20, 20))
    kept, fresh = (StudyViews(["frontal"], "tiny", ROI, None, in_memory) for in_memory in (True, False))
    before = kept(_study(path))[0].clone()
    torch.testing.assert_close(fresh(_study(path))[0], before)
    _saved(path, _noise(20, 30))
    assert torch.equal(kept(_study(path))[0], before)
    assert not torch.equal(fresh(_study(path))[0], before)


def test_a_roi_whose_voxels_are_no_cubes_is_refused() -> None:
    with pytest.raises(BundleError, match=r"ROI spacing is \(2\.0, 1\.0, 1\.0\); the views need cubes"):
        StudyViews(["axial"], "tiny", {**ROI, "spacing": [2.0, 1.0, 1.0]}, None)


@pytest.mark.parametrize("names", [[], ["axial", "frontal"], ["front"]])
def test_views_that_no_study_has_are_refused(names: list[str]) -> None:
    with pytest.raises(BundleError, match=r"views are \[.*expected some of axial.*or frontal, lateral") as refused:
        StudyViews(names, "tiny", ROI, None)
    assert str(names) in str(refused.value)


def test_another_rois_values_are_refused() -> None:
    values: Mapping[str, Any] = {**ROI, "edge": 3}
    with pytest.raises(BundleError, match="a ROI has no 'edge'"):
        StudyViews(["axial"], "tiny", values, None)


def test_views_of_the_other_kind_of_study_are_refused_by_the_study(
    ct_studies: tuple[Study, ...], tmp_path: Path
) -> None:
    radiographs = _study(_saved(tmp_path / "picture.png", _noise(9, 9)))
    assert isinstance(ct_studies[0].pixels, RoiPlace)
    with pytest.raises(BundleError, match=rf"{ct_studies[0].name}: a CT study has no view 'frontal'"):
        StudyViews(["frontal"], "tiny", ROI, None)(ct_studies[0])
    with pytest.raises(BundleError, match=r"picture\.png.*: radiographs have no view 'axial'"):
        StudyViews(["axial"], "tiny", ROI, None)(radiographs)
    with pytest.raises(BundleError, match=r"picture\.png.*: the study has radiographs and no ROI"):
        StudyViews(["axial"], "tiny", ROI, None).region(radiographs)


def test_a_file_that_is_no_image_is_refused_by_its_study(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(b"DICM is what this is not")
    with pytest.raises(BundleError, match=r"film\.png.*: the image film\.png cannot be read"):
        StudyViews(["frontal"], "tiny", ROI, None)(_study(path))


def test_a_cut_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(BundleError, match="cannot be read"):
        StudyViews(["frontal"], "tiny", ROI, None)(_study(path))


@pytest.mark.parametrize(("dtype", "mode"), [(np.int32, "I"), (np.float32, "F")])
def test_pixels_without_a_white_are_refused(tmp_path: Path, dtype: type, mode: str) -> None:
    path = tmp_path / "film.tiff"
    Image.fromarray(np.full((8, 8), 1000, dtype)).save(path)
    with pytest.raises(BundleError, match=f"pixels of mode {mode}, expected 8 or 16 bits"):
        StudyViews(["frontal"], "tiny", ROI, None)(_study(path))


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(BundleError, match="size is 'huge', expected one of tiny"):
        StudyViews(["frontal"], "huge", ROI, None)


def test_the_nodule_lies_elsewhere_in_each_patient_and_alike_in_a_patients_studies(screens: Path) -> None:
    give = StudyViews(["axial"], "tiny", WIDE, None, slab=16, field=32, offset=8)
    middle = StudyViews(["axial"], "tiny", WIDE, None, slab=16, field=32)
    found: dict[str, set[tuple[int, ...]]] = {}
    for sequence in study_sequences(screens, "training")[:4]:
        for study in sequence.studies[:2]:
            picture = (give(study)[0][0, 0] > 0.5).float()
            centre = [float((picture.sum(dim=1 - axis) * torch.arange(64)).sum() / picture.sum()) for axis in (0, 1)]
            found.setdefault(sequence.patient, set()).add(tuple(round((value - 31.5) / 4) for value in centre))
            still = (middle(study)[0][0, 0] > 0.5).float()
            assert abs(float((still.sum(dim=0) * torch.arange(64)).sum() / still.sum()) - 31.5) < 2
    assert all(len(places) == 1 for places in found.values())
    assert len(set.union(*found.values())) > 2
    assert max(abs(step) for places in found.values() for place in places for step in place) <= 5


@pytest.mark.parametrize(
    ("edge", "field", "offset", "told"),
    [
        (64, 32, 8, False),
        (64, 32, 16, False),
        (64, 32, 17, True),
        (32, 32, 8, True),
        (64, None, 8, True),
        (32, None, 0, False),
    ],
)
def test_an_offset_beyond_the_roi_is_told(
    edge: int, field: int | None, offset: int, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    StudyViews(["coronal"], "tiny", {**ROI, "size": [16, edge, edge]}, None, field=field, offset=offset)
    assert ("views repeat its edge" in caplog.text) is told


@pytest.mark.parametrize(("name", "value", "least"), [("slab", 0, 1), ("field", -3, 1), ("offset", -1, 0)])
def test_a_slab_or_field_of_nothing_is_refused(name: str, value: int, least: int) -> None:
    with pytest.raises(BundleError, match=f"{name} is {value} voxels, expected {least} or more"):
        StudyViews(["axial"], "tiny", ROI, None, **{name: value})  # type: ignore[arg-type]
