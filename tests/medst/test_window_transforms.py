import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import ChangeViews, DropPhrases, LoadWindow, OrderStudies, StudyViews, study_sequences, windows


@pytest.fixture(scope="module")
def record(screens: Path, views: StudyViews) -> dict[str, Any]:
    return LoadWindow(views)(windows(study_sequences(screens, "training"), 3)[0])


def _pairing(record: dict[str, Any]) -> set[tuple[float, str]]:
    return {(float(view.sum()), text) for view, text in zip(record["views"], record["texts"], strict=True)}


def test_shuffled_moves_images_and_texts_together(record: dict[str, Any]) -> None:
    shuffle = OrderStudies("shuffled")
    shuffle.set_random_state(seed=0)
    orders = [shuffle(record) for _ in range(8)]
    assert all(_pairing(one) == _pairing(record) for one in orders)
    assert len({tuple(one["texts"]) for one in orders}) > 1


def test_shuffled_leaves_sentences_on_changes_that_say_nothing_of_direction(record: dict[str, Any]) -> None:
    """Each stands as often beside the opposite change as beside its own: the control of the direction term."""
    shuffle = OrderStudies("shuffled")
    shuffle.set_random_state(seed=0)
    places = {float(view.sum()): place for place, view in enumerate(record["views"])}
    right, opposite = 0, 0
    for _ in range(1200):
        made = shuffle(record)
        assert made["change_texts"] == record["change_texts"]
        assert made["reversed_texts"] == record["reversed_texts"]
        found = [places[float(view.sum())] for view in made["views"]]
        right += (found[:2] == [0, 1]) + (found[1:] == [1, 2])
        opposite += (found[:2] == [1, 0]) + (found[1:] == [2, 1])
    assert abs(right - 400) < 60  # a sixth of each
    assert abs(opposite - 400) < 60


def test_mispaired_within_gives_every_image_another_text(record: dict[str, Any]) -> None:
    mispair = OrderStudies("mispaired_within")
    mispair.set_random_state(seed=0)
    for _ in range(4):
        made = mispair(record)
        assert torch.equal(made["views"], record["views"])
        assert sorted(made["texts"]) == sorted(record["texts"])
        assert all(one != other for one, other in zip(made["texts"], record["texts"], strict=True))


def test_mispaired_leaves_the_window_whose_texts_are_another_patients_already(record: dict[str, Any]) -> None:
    made = OrderStudies("mispaired")(record)
    assert made["texts"] == record["texts"]


def test_reversed_has_the_reversed_changes(record: dict[str, Any]) -> None:
    made = OrderStudies("reversed")(record)
    assert made["texts"] == record["texts"][::-1]
    assert torch.equal(made["views"], record["views"].flip(0))
    # From the third study back to the second, then from the second to the first.
    assert made["change_texts"] == ["", record["reversed_texts"][2], record["reversed_texts"][1]]
    assert OrderStudies("reversed")(made)["change_texts"] == record["change_texts"]


def test_another_order_is_refused() -> None:
    with pytest.raises(BundleError, match="sideways"):
        OrderStudies("sideways")


def test_all_studies_of_a_window_move_alike(record: dict[str, Any]) -> None:
    """A nodule that does not change must not seem to: growth is what the network looks for."""
    same = {**record, "views": record["views"][:1].expand(3, -1, -1, -1, -1)}
    change = ChangeViews(shift_probability=1.0)
    change.set_random_state(seed=3)
    made = change(same)["views"]
    assert type(made) is torch.Tensor
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], record["views"][0])
    change.set_random_state(seed=3)
    assert torch.equal(change(same)["views"], made)


def test_phrases_are_left_out_each_study_by_itself(record: dict[str, Any]) -> None:
    drop = DropPhrases(0.5)
    drop.set_random_state(seed=0)
    shares = []
    for _ in range(60):
        made = drop(record)
        for short, text in zip(made["texts"], record["texts"], strict=True):
            phrases = re.split(r"(?<=[.,]) ", text)
            kept = re.split(r"(?<=[.,]) ", short)
            assert kept
            left = iter(phrases)
            assert all(phrase in left for phrase in kept), "in their order"
            shares.append(len(kept) / len(phrases))
        assert made["views"] is record["views"]
    assert sum(shares) / len(shares) == pytest.approx(0.5, abs=0.07)
    assert DropPhrases(0.0)(record) == record
    with pytest.raises(BundleError, match=r"probability is 1\.0, expected 0 to below 1"):
        DropPhrases(1.0)


@pytest.mark.parametrize(("rows", "columns", "axis"), [(1.0, 0.0, -2), (0.0, 1.0, -1)])
def test_rows_and_columns_are_flipped_apart(record: dict[str, Any], rows: float, columns: float, axis: int) -> None:
    change = ChangeViews(flip_rows_probability=rows, flip_columns_probability=columns, shift_probability=0.0)
    torch.testing.assert_close(change(record)["views"], record["views"].flip(axis))


def test_radiographs_stay_the_right_way_round(repository: Path) -> None:
    """Their reports tell left from right, and above from below."""
    config = json.loads((repository / "configs/medst/radiographs.json").read_text())
    flips = {name: value for name, value in config.items() if "flip" in name}
    assert flips == {f"augmentation#flip_{axis}_probability": 0.0 for axis in ("rows", "columns")}
