import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from csfnet_bundle.errors import BundleError
from csfnet_bundle.medst import (
    ChangeViews,
    LoadWindow,
    OrderStudies,
    StudyViews,
    study_sequences,
    training_windows,
    windows,
    windows_a_batch,
)
from csfnet_bundle.networks.medst import MedSTObjective


@pytest.fixture(scope="module")
def record(screens: Path, views: StudyViews) -> dict[str, Any]:
    return LoadWindow(views)(windows(study_sequences(screens, "training"), 3)[0])


@pytest.mark.parametrize(("length", "count"), [(1, 24), (2, 16), (3, 8), (5, 8)])
def test_windows_are_runs_of_neighbours(screens: Path, length: int, count: int) -> None:
    sequences = study_sequences(screens, "training")
    made = windows(sequences, length)
    assert len(made) == count
    assert {len(window.studies) for window in made} == {min(length, 3)}
    if length == 2:
        assert [window.studies for window in made[:2]] == [sequences[0].studies[:2], sequences[0].studies[1:]]


def test_a_window_of_none_is_refused(screens: Path) -> None:
    with pytest.raises(BundleError, match="window is 0"):
        windows(study_sequences(screens, "training"), 0)


@pytest.mark.parametrize(("length", "told"), [(3, False), (4, True)])
def test_windows_longer_than_any_sequence_are_told(
    screens: Path, length: int, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    windows(study_sequences(screens, "training"), length)
    assert ("no sequence has more than 3 studies" in caplog.text) is told


@pytest.mark.parametrize(
    ("objective", "order", "words"),
    [
        ({"exact_length": 4}, "ordered", "exact_length is 4, and no window has that many"),
        ({"direction_weight": 1.0}, "shuffled", "with order shuffled no sentence tells a change"),
    ],
)
def test_losses_that_no_window_serves_are_refused(
    screens: Path, objective: dict[str, Any], order: str, words: str
) -> None:
    sequences = study_sequences(screens, "training")
    with pytest.raises(BundleError, match=words):
        training_windows(sequences, 3, MedSTObjective(**objective), order)
    assert training_windows(sequences, 3, MedSTObjective(), order) == windows(sequences, 3)


def test_changes_that_nobody_tells_are_refused(screens: Path) -> None:
    sequences = study_sequences(screens, "training")
    silent = [replace(one, studies=tuple(replace(study, change_text="") for study in one.studies)) for one in sequences]
    objective = MedSTObjective(direction_weight=0.5)
    with pytest.raises(BundleError, match=r"direction_weight is 0\.5, and no study tells what has changed"):
        training_windows(silent, 3, objective, "ordered")
    assert training_windows([*silent, sequences[0]], 3, objective, "ordered"), "one that tells is enough"


@pytest.mark.parametrize(("images", "length", "count"), [(60, 4, 15), (30, 4, 7), (4, 4, 1), (2, 1, 2)])
def test_a_batch_has_whole_windows(images: int, length: int, count: int) -> None:
    assert windows_a_batch(images, length) == count


@pytest.mark.parametrize(("images", "length"), [(3, 4), (1, 1), (0, 2)])
def test_a_batch_of_less_than_a_window_or_of_one_study_is_refused(images: int, length: int) -> None:
    with pytest.raises(BundleError, match=f"images_per_batch is {images}, expected {max(2, length)} or more"):
        windows_a_batch(images, length)


def _pairing(record: dict[str, Any]) -> set[tuple[float, str]]:
    return {(float(view.sum()), text) for view, text in zip(record["views"], record["texts"], strict=True)}


def test_shuffled_moves_images_and_texts_together(record: dict[str, Any]) -> None:
    shuffle = OrderStudies("shuffled")
    shuffle.set_random_state(seed=0)
    orders = [shuffle(record) for _ in range(8)]
    assert all(_pairing(one) == _pairing(record) for one in orders)
    assert len({tuple(one["texts"]) for one in orders}) > 1


def test_mispaired_gives_every_image_another_text(record: dict[str, Any]) -> None:
    mispair = OrderStudies("mispaired")
    mispair.set_random_state(seed=0)
    for _ in range(4):
        made = mispair(record)
        assert torch.equal(made["views"], record["views"])
        assert sorted(made["texts"]) == sorted(record["texts"])
        assert all(one != other for one, other in zip(made["texts"], record["texts"], strict=True))


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


@pytest.mark.parametrize(("rows", "columns", "axis"), [(1.0, 0.0, -2), (0.0, 1.0, -1)])
def test_rows_and_columns_are_flipped_apart(record: dict[str, Any], rows: float, columns: float, axis: int) -> None:
    change = ChangeViews(flip_rows_probability=rows, flip_columns_probability=columns, shift_probability=0.0)
    torch.testing.assert_close(change(record)["views"], record["views"].flip(axis))


def test_radiographs_stay_the_right_way_round(repository: Path) -> None:
    """Their reports tell left from right, and above from below."""
    config = json.loads((repository / "configs/medst/radiographs.json").read_text())
    flips = {name: value for name, value in config.items() if "flip" in name}
    assert flips == {f"augmentation#flip_{axis}_probability": 0.0 for axis in ("rows", "columns")}
