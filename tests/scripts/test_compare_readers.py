import json
from pathlib import Path

import compare_readers
import numpy as np
import pytest
import reader_worker
from helpers.synthetic_series import landmarks_lps, make_affine, voxel_hu

SHAPE = (44, 36, 15)


def truth() -> tuple[np.ndarray, np.ndarray]:
    affine = make_affine()
    return voxel_hu(affine, SHAPE, landmarks_lps(affine)), affine


def test_a_few_classes_from_end_to_end() -> None:
    names = ["plain", "missing slice", "orientation: sagittal", "syntax: RLE Lossless"]
    document = compare_readers.compare(["this bundle"], names)
    assert [row["class"] for row in document["classes"]] == names
    assert compare_readers.unexpected(document) == []
    assert document["counts"]["this bundle"] == {"right": 3, "refused": 1, "unfounded": 0, "wrong": 0, "crash": 0}


def test_the_kept_results_are_of_these_classes_and_show_no_wrong_volume(repository: Path) -> None:
    file = repository / "docs" / "results" / "readers.json"
    document = json.loads(file.read_text())
    assert {row["class"] for row in document["classes"]} == set(compare_readers.classes()), "run compare_readers.py"
    assert compare_readers.unexpected(document) == []
    assert list(document["counts"]) == list(reader_worker.READERS)


def test_a_sound_volume_is_right_in_every_order_of_axes() -> None:
    array, affine = truth()
    assert reader_worker.judge(array, affine, affine) == (True, "")
    flipped = affine.copy()
    flipped[:3, 3] += affine[:3, 0] * (SHAPE[0] - 1)
    flipped[:3, 0] *= -1
    assert reader_worker.judge(array[::-1], flipped, affine)[0]
    assert reader_worker.judge(array.transpose(2, 0, 1), affine[:, [2, 0, 1, 3]], affine)[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda array, affine: (array + 30, affine), "30 HU"),
        (lambda array, affine: (array[:, :, :-1], affine), "44 x 36 x 14 voxels"),
        (lambda array, affine: (array[:, :, 0], affine), "44 x 36 voxels"),
        (lambda array, affine: (array, affine + _shift(7)), "7."),
        (lambda array, affine: (array[:, :, np.r_[7:15, 0:7]], affine), "mm"),
        (lambda array, affine: (array[::-1], affine), "mm"),
    ],
    ids=["values", "slice lost", "one slice", "moved", "slices shuffled", "mirrored"],
)
def test_a_wrong_volume_is_seen(change, words: str) -> None:  # type: ignore[no-untyped-def]
    array, affine = truth()
    right, detail = reader_worker.judge(*change(array, affine), affine)
    assert not right
    assert words in detail


def _shift(mm: float) -> np.ndarray:
    matrix = np.zeros((4, 4))
    matrix[0, 3] = mm
    return matrix


@pytest.mark.parametrize(
    ("required", "result", "verdict"),
    [
        ("read", {"read": True, "right": True, "detail": ""}, "right"),
        ("read", {"read": True, "right": False, "detail": "9 mm"}, "wrong"),
        ("read", {"read": False, "right": False, "detail": "ValueError"}, "refused"),
        ("SLICE_GAP", {"read": True, "right": True, "detail": ""}, "unfounded"),
        ("TRANSFER_SYNTAX", {"read": True, "right": True, "detail": ""}, "right"),
        ("read", {"read": False, "right": False, "detail": "crash"}, "crash"),
    ],
)
def test_verdicts(required: str, result: dict, verdict: str) -> None:
    assert compare_readers.verdict(required, result) == verdict
